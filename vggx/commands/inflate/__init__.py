"""`vggx inflate`."""
