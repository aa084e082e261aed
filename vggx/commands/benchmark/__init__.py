"""`vggx benchmark`."""
