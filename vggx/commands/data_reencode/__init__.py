"""`vggx data reencode`."""
