"""`vggx cost`."""
