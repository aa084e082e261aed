"""`vggx probe`."""
