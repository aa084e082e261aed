"""`vggx cost budget`."""
