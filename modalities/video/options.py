"""What can be set for video: `modality.net.*` and `modality.data.*`; plain data, no torch."""

from dataclasses import dataclass
from typing import Any, ClassVar

from vggx.options import NetOptions, PictureOptions, evaluated_side, given


@dataclass(kw_only=True)
class Data(PictureOptions):
    """Clips of one length and size; see `PictureOptions` for what training does to them besides.

    Attributes:
        frames: frames in a clip.
        frame_stride: from one frame of a clip to the next, in frames of the file.
        size: side of the square that the net sees, pixels.
        resize: short side before the centre crop in evaluation, pixels; 8/7 of `size` where unset.
        clips: clips per file in evaluation, evenly spread, or "uniform": as many as lie end to end in the file.
        crops: squares per clip in evaluation, evenly spread along the longer side: 3 are its start, middle and end.
        short: what a file shorter than a clip does: repeat its last frame, loop, or error (it counts as bad).
        repeats: clips of each file in an epoch, each drawn anew, one after the other in a batch (Hoffer et al. 2019);
            one where unset. An epoch has so many times the samples, and is so many times as long.
        decoder: decord or pyav, for all files; auto takes decord for files in which it finds the right frames.
        max_pixels, max_seconds: a file whose header speaks of more in a frame, or of longer, counts as bad.
    """

    frames: int | None = None
    frame_stride: int | None = None
    size: int | None = None
    resize: int | None = None
    clips: int | str = 1
    crops: int = 1
    short: str = "repeat"
    repeats: int | None = None
    decoder: str = "auto"
    max_pixels: int = 40_000_000  # 7680 x 4320 are 33 million
    max_seconds: float = 21_600.0  # six hours

    PREPROCESSING: ClassVar[tuple[str, ...]] = ("frames", "frame_stride", "size", "resize", "clips", "crops", "short")
    VIEWS: ClassVar[tuple[str, ...]] = ("clips", "crops")
    LASTS: ClassVar[bool] = True
    GROWS: ClassVar[dict[str, tuple[int, ...]]] = {"frames": (0,), "size": (1, 2)}

    def input_shape(self) -> tuple[int, ...]:
        size = given(self.size, "size")
        return 3, given(self.frames, "frames"), size, size

    def span(self) -> int:
        """Frames of the file from a clip's first to its last.

        Raises:
            ValueError: no frames, or no step between them.
        """
        frames, stride = given(self.frames, "frames"), given(self.frame_stride, "frame_stride")
        if frames < 1 or stride < 1:
            raise ValueError(f"modality.data.frames and frame_stride must be 1 or more, got {frames} and {stride}")
        return (frames - 1) * stride + 1

    def evaluated_side(self) -> int:
        return evaluated_side(given(self.size, "size"), self.resize)

    def meaning(self, fps: float) -> str:
        frames = f"{self.frames} frames x {self.frame_stride} / {fps:g} fps"
        return f"{frames} = {self.duration(fps):g} s, {self.size} x {self.size} pixels"

    def duration(self, fps: float) -> float:
        self.span()  # refuses a clip without frames or without a step
        return given(self.frames, "frames") * given(self.frame_stride, "frame_stride") / fps

    def views(self) -> int | None:
        if self.crops < 1 or (isinstance(self.clips, int) and self.clips < 1):
            raise ValueError(f"modality.data.clips and crops must be 1 or more, got {self.clips} and {self.crops}")
        return None if isinstance(self.clips, str) else self.clips * self.crops

    def contract(self) -> dict[str, Any]:
        axes = ["channels", "time", "height", "width"]
        return {"shape": list(self.input_shape()), "axes": axes, "values": "RGB bytes 0..255, or floats 0..1"}


@dataclass(kw_only=True)
class Net(NetOptions):
    """A VGG in dims 3.

    Attributes:
        time_kernel: size along time, odd, of the kernels that are 3 x 3 in space; those of 1 x 1 stay 1 in time.
        time_pools: what each block's pool does to time; 1 in the first block and 2 in the others where unset.
        time_padding: zeros or replicate, what the convolutions see before the first frame and after the last.
    """

    time_kernel: int = 3
    time_pools: list[int] | None = None
    time_padding: str = "zeros"

    DIMS: ClassVar[int] = 3
