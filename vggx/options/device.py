"""The figures of a device."""

from dataclasses import dataclass


@dataclass(kw_only=True)
class Device:
    """What a device can do at the most, dense bfloat16 with float32 sums.

    Attributes:
        name: as its maker calls it.
        rate: FLOP/s.
        bandwidth: bytes/s of its memory.
        memory: bytes.
        source: measured, or data sheet.

    Raises:
        ValueError: a figure that is not positive.
    """

    name: str
    rate: float
    bandwidth: float
    memory: float
    source: str

    def __post_init__(self) -> None:
        for figure in ("rate", "bandwidth", "memory"):
            if not getattr(self, figure) > 0:
                raise ValueError(f"device.{figure} must be positive, got {getattr(self, figure)}")
