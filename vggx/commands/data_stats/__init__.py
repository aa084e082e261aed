"""`vggx data stats`."""
