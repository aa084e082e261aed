"""maps of the backbone -> a prediction; each head is described in the file beside it, which needs no torch.

The table of heads is `vggx.spec.parts.HEADS`.
"""
