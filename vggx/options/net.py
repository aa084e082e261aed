"""The structure of a net and the statistics of its input."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

# mean and standard deviation of ImageNet's RGB scaled to 0..1, as torchvision and timm train with
IMAGENET = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


@dataclass(kw_only=True)
class NetOptions:
    """The net's structure; see `vggx.planned.plan_spec` for the first ten.

    Attributes:
        normalize: imagenet, dataset (mean and std measured on the training split), mean (the mean alone is measured and
            subtracted: pixels keep the paper's units, 0..255) or none; idle where mean and std are given.
        mean, std: per channel, for input scaled to 0..1 (image, video) or log-mel (audio).
        extra: a part in every block, a key of `vggx.spec.parts.EXTRAS`; none where unset.
        extra_options, head_options: of such a part, and of a head of one's own.
    """

    plan: str | None = None
    width: float = 1.0
    norm: str | None = None
    activation: str = "relu"
    head: str | None = None
    grid: list[int] | None = None
    dropout: float | None = None
    init: str | None = None
    normalize: str | None = None
    mean: list[float] | None = None
    std: list[float] | None = None
    extra: str | None = None
    extra_options: dict[str, Any] = field(default_factory=dict)
    head_options: dict[str, Any] = field(default_factory=dict)

    # options that its weights do not depend on
    FREE: ClassVar[tuple[str, ...]] = ("dropout", "init")
    # spatial axes of the net's input
    DIMS: ClassVar[int] = 0
    # whether that is pixels, so that mean, std and grid can come from a net of other pixels
    PIXELS: ClassVar[bool] = True

    def rows(self) -> int:
        """How many inputs of the net one sample becomes: 1, unless it is folded into the batch."""
        return 1

    def frontend_flops(self, input_shape: tuple[int, ...]) -> int:
        """FLOPs of what makes the net's input, (C, *S), from a sample; pixels need none."""
        return 0

    def measures_input(self) -> bool:
        """Whether mean and std are still to be measured on the training split."""
        return self.normalize in ("dataset", "mean") and self.mean is None

    def statistics(self, channels: int) -> tuple[list[float], list[float]]:
        """mean and std, one value per channel: those given, ImageNet's, or 0 and 1 (also until they are measured).

        Where the mean alone is measured, std is 1/255 of pixels, which are scaled to 0..1 before, and 1 of sound.

        Raises:
            ValueError: an unknown `normalize`, one of mean and std without the other, or not one value per channel.
        """
        if self.normalize not in (None, "imagenet", "dataset", "mean", "none"):
            raise ValueError(f"modality.net.normalize must be imagenet, dataset, mean or none, not {self.normalize!r}")
        if (self.mean is None) != (self.std is None):
            raise ValueError("modality.net.mean and modality.net.std go together: only one is given")
        if self.mean is not None and self.std is not None:
            mean, std = self.mean, self.std
        elif self.normalize == "imagenet":
            mean, std = IMAGENET
        else:
            unit = 1 / 255 if self.normalize == "mean" and self.PIXELS else 1.0
            mean, std = [0.0] * channels, [unit] * channels
        if not len(mean) == len(std) == channels:
            raise ValueError(
                f"mean {mean} and std {std} need one value for each of {channels} channels; "
                "modality.net.normalize=dataset measures them"
            )
        return mean, std

    def plan_options(self) -> dict[str, Any]:
        """What is said of the net as `vggx.planned.plan_spec` takes it."""
        names = ("plan", "width", "norm", "activation", "head", "grid", "dropout", "extra")
        own = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return own | {"head_options": dict(self.head_options), "extra_options": dict(self.extra_options)}

    def scheme(self) -> str:
        """By which weights are drawn."""
        return self.init or "glorot"
