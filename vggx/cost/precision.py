"""The precisions of training, by Lightning's names, and the bytes of a map's value in each."""

BYTES = {"32-true": 4, "bf16-mixed": 2, "16-mixed": 2}


def value_bytes(precision: str) -> int:
    """Of a map's value.

    Raises:
        ValueError: an unknown precision.
    """
    if precision not in BYTES:
        raise ValueError(f"precision must be one of {', '.join(BYTES)}, not {precision!r}")
    return BYTES[precision]
