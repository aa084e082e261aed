"""`vggx explain`."""
