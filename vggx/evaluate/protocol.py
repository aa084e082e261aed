"""The words of an evaluation -> what is done to a file: its protocol, in every modality the same."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

PROTOCOLS = ("single", "dense", "crops", "both")
GRID = 5  # of the paper's 5 x 5 crops


@dataclass(frozen=True)
class Protocol:
    """How a file is judged; the softmax scores of its views are averaged.

    Attributes:
        name: single (as training validates), dense (the whole of it, uncropped, by the mean of the score map), crops
            (pieces of the size that the net was trained on), both (dense and crops averaged, as Table 5 of the paper).
        scales: short sides that pictures are scaled to, pixels; none of sound.
        flip: the mirror image counts too.
        grid: crops are cut at grid x grid places of a picture; None of clips: along its longer side alone.
    """

    name: str = "single"
    scales: tuple[int, ...] = ()
    flip: bool = False
    grid: int | None = None

    def words(self) -> str:
        """dense 256,384,512 flip; crops 256 5x5 flip"""
        scales, grid = ",".join(map(str, self.scales)), f"{self.grid}x{self.grid}" if self.grid else ""
        return " ".join(word for word in (self.name, scales, grid, "flip" if self.flip else "") if word)

    def views(self) -> int:
        """Of a picture, or of a clip that is cut at one place."""
        return max(1, len(self.scales)) * (1 + self.flip) * (self.grid or 1) ** 2

    def parts(self) -> list["Protocol"]:
        """Those whose scores are averaged: of both two, else the protocol itself."""
        if self.name != "both":
            return [self]
        return [replace(self, name="dense", grid=None), replace(self, name="crops")]


@dataclass(frozen=True)
class Capabilities:
    """What a net and its data allow.

    Attributes:
        pictures: whether there are pixels to scale, mirror and crop.
        size: side of the square that the net was trained on, pixels.
        usual: the short side that it is evaluated at, pixels.
        least: the shortest side that fills its head's grid, pixels.
        flips: whether it was trained on mirror images.
        along: whether crops lie along the longer side, where no grid is asked for.
    """

    pictures: bool
    size: int = 0
    usual: int = 0
    least: int = 0
    flips: bool = False
    along: bool = False


def asked(
    name: str, scales: Sequence[int] | None, flip: bool | None, grid: int | None, allowed: Capabilities
) -> Protocol:
    """The protocol of these words, those that are None filled in: the usual scale, mirror images if the net was trained
    on them, a grid of 5.

    Raises:
        ValueError: an unknown protocol, or a word that the protocol or the net cannot follow, by name.
    """
    if name not in PROTOCOLS:
        raise ValueError(f"protocol must be one of {', '.join(PROTOCOLS)}, not {name!r}")
    given = {"scales": scales, "flip": flip, "grid": grid}
    for word, value in given.items():
        if value is None or value is False:
            continue
        if name == "single":
            raise ValueError(f"{word}={value} goes with protocol=dense, crops or both; single looks at one scale")
        if not allowed.pictures:
            raise ValueError(f"{word}={value}: sound has no pixels to scale, mirror or crop; leave it out")
    if name == "single" or not allowed.pictures:
        return Protocol(name)
    if grid is not None and name == "dense":
        raise ValueError(f"grid={grid} says where crops are cut, and protocol=dense cuts none: take crops or both")
    if grid is not None and grid < 1:
        raise ValueError(f"grid must be 1 or more, not {grid}")
    sides = tuple(scales) if scales is not None else (allowed.usual,)
    if not sides or len(set(sides)) < len(sides):
        raise ValueError(f"scales must be one length or more, each once, such as [256,384,512], not {list(sides)}")
    for side in scales or ():
        if name in ("crops", "both") and side < allowed.size:
            raise ValueError(
                f"scales: {side} is smaller than modality.data.size={allowed.size}, and no crop could be cut out of it"
            )
        if name in ("dense", "both") and side < allowed.least:
            raise ValueError(
                f"scales: {side} is smaller than {allowed.least}, the least from which the score map of this plan and "
                "head has a place"
            )
    places = None if name == "dense" else grid if grid is not None or allowed.along else GRID
    return Protocol(name, sides, allowed.flips if flip is None else flip, places)
