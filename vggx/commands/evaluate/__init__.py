"""`vggx evaluate`."""
