"""`vggx cost growth`."""
