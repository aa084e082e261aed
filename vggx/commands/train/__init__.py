"""`vggx train`."""
