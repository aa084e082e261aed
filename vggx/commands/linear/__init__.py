"""`vggx linear`."""
