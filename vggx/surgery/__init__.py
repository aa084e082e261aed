"""Weights in, weights out: kernels of one number of dimensions made into those of another, and proved on outputs."""
