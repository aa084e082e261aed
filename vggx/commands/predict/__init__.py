"""`vggx predict`."""
