"""`vggx summary`."""
