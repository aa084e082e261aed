"""`vggx data preview`."""
