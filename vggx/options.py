"""What every modality lets its user set, as plain data; torch is not imported here, so that the command line is quick.

A modality's own options (`modalities/<m>/options.py`) inherit these. An option whose default is None is unset: what
it becomes stands in `configs/modality/<m>.yaml`, under `embedded` (no root given) or `root`.
"""

import importlib
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

# mean and standard deviation of ImageNet's RGB scaled to 0..1, as torchvision and timm train with
IMAGENET = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]

T = TypeVar("T")


def given(value: T | None, name: str) -> T:
    """An option that must have a value by now.

    Raises:
        ValueError: it is unset; `vggx.settings.resolve` fills in what the packaged config says.
    """
    if value is None:
        raise ValueError(f"the option {name} is not set")
    return value


@dataclass(kw_only=True)
class DataOptions:
    """Where the samples are and how they are loaded.

    Attributes:
        root: folder of the data; without one the modality's embedded data are used.
        source: how the folder is read: folder, manifest, ...; guessed from what lies in it where unset.
        manifest: a CSV file `path,label[,split,group,...]`, paths relative to it.
        classes: the class names in order, and no others; found in the data where unset.
        val_share, test_share: shares of the files taken for validation and test where the data give no split.
        split_seed: seed of that choice.
        fold: the fold, or the number of the official split, that is the test split; the others are trained on.
        fold_column: the manifest's column that holds the fold: fold, speaker, ...
        follow_links: take symbolic links, and files outside the root, too.
        batch_size: samples in a batch, on each device.
        num_workers: loading processes; one per core up to 8 where unset.
        on_error: skip (replace an unreadable file in training by the next one, count and list it) or raise.
        bad_limit: share of unreadable files in a split at which a run that skips them stops.
    """

    root: str | None = None
    source: str | None = None
    manifest: str | None = None
    classes: list[str] | None = None
    val_share: float = 0.15
    test_share: float = 0.15
    split_seed: int = 0
    fold: int | str | None = None
    fold_column: str = "fold"
    follow_links: bool = False
    batch_size: int | None = None
    num_workers: int | None = None
    on_error: str = "skip"
    bad_limit: float = 0.05

    # what a file goes through on its way to the net; these travel with the net
    PREPROCESSING: ClassVar[tuple[str, ...]] = ()
    # those of them that say how many views of a file are averaged, which evaluation may choose anew
    VIEWS: ClassVar[tuple[str, ...]] = ()
    # of a sample as the datamodule gives it, by torch's name
    DTYPE: ClassVar[str] = "uint8"
    # what makes the net's input longer: {option: the spatial axes that it lengthens}
    GROWS: ClassVar[dict[str, tuple[int, ...]]] = {}

    @classmethod
    def fed(cls, channels: int | None) -> dict[str, Any]:
        """The options by which samples have so many channels, as a net that was trained elsewhere wants them."""
        return {}

    def contract(self) -> dict[str, Any]:
        """What the net eats, in words and plain values: {shape, axes, values}."""
        raise NotImplementedError

    def preprocessing(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.PREPROCESSING}

    def input_shape(self) -> tuple[int, ...]:
        """The shape of one sample as the datamodule gives it, without the batch axis."""
        raise NotImplementedError

    def meaning(self, fps: float) -> str:
        """What one sample stands for, in words; of a film it is told at so many frames a second."""
        raise NotImplementedError

    def duration(self, fps: float) -> float:
        """Seconds of the input that one sample stands for; an image is a frame of a film."""
        raise NotImplementedError

    def views(self) -> int | None:
        """How many samples are averaged to one answer in evaluation; None where it depends on the file."""
        return 1


@dataclass(kw_only=True)
class NetOptions:
    """The net's structure; see `vggx.net.VGG` for the first ten.

    Attributes:
        normalize: imagenet, dataset (measured on the training split) or none; idle where mean and std are given.
        mean, std: per channel, for input scaled to 0..1 (image, video) or log-mel (audio).
    """

    plan: str | None = None
    width: float = 1.0
    norm: str | None = None
    activation: str = "relu"
    head: str | None = None
    grid: list[int] | None = None
    dropout: float | None = None
    init: str = "glorot"
    normalize: str | None = None
    mean: list[float] | None = None
    std: list[float] | None = None

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
        return self.normalize == "dataset" and self.mean is None

    def statistics(self, channels: int) -> tuple[list[float], list[float]]:
        """mean and std, one value per channel: those given, ImageNet's, or 0 and 1 (also until they are measured).

        Raises:
            ValueError: an unknown `normalize`, one of mean and std without the other, or not one value per channel.
        """
        if self.normalize not in (None, "imagenet", "dataset", "none"):
            raise ValueError(f"modality.net.normalize must be imagenet, dataset or none, not {self.normalize!r}")
        if (self.mean is None) != (self.std is None):
            raise ValueError("modality.net.mean and modality.net.std go together: only one is given")
        if self.mean is not None and self.std is not None:
            mean, std = self.mean, self.std
        elif self.normalize == "imagenet":
            mean, std = IMAGENET
        else:
            mean, std = [0.0] * channels, [1.0] * channels
        if not len(mean) == len(std) == channels:
            raise ValueError(
                f"mean {mean} and std {std} need one value for each of {channels} channels; "
                "modality.net.normalize=dataset measures them"
            )
        return mean, std

    def common_arguments(self) -> dict[str, Any]:
        names = ("plan", "width", "norm", "activation", "head", "grid", "dropout", "init")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


@dataclass(kw_only=True)
class Recipe:
    """How the weights are trained.

    Attributes:
        optimizer: sgd (momentum) or adamw.
        lr: greatest learning rate, for one optimiser step over a batch of `batch_size`.
        momentum: of sgd.
        weight_decay: on weights; biases and norms have none.
        schedule: cosine, step, plateau or constant.
        warmup_epochs: linear rise of the learning rate at the start (not with plateau).
        step_epochs: step: the learning rate is multiplied by `factor` every so many epochs.
        patience: plateau: epochs without a better validation accuracy before the same happens.
        factor: what step and plateau multiply by.
        label_smoothing: share of the target spread over all classes.
        mixup: alpha of the Beta distribution by which every training sample is mixed with another (0: not at all).
        layer_decay: every block learns at so much of the rate of the next one, the last at so much of the head's.
        fresh_factor: multiplies the rate of layers that inherited nothing of the weights that the net began with.
    """

    optimizer: str | None = None
    lr: float | None = None
    momentum: float = 0.9
    weight_decay: float | None = None
    schedule: str = "cosine"
    warmup_epochs: float = 0.0
    step_epochs: int = 30
    patience: int = 5
    factor: float = 0.1
    label_smoothing: float = 0.0
    mixup: float = 0.0
    layer_decay: float = 1.0
    fresh_factor: float = 1.0


@dataclass(kw_only=True)
class TrainerOptions:
    """What is handed to Lightning's Trainer, under Lightning's names, and two of our own: channels_last, compile.

    Attributes:
        precision: 32-true, bf16-mixed or 16-mixed.
        channels_last: keep kernels and maps in channels-last order (dims 2 and 3), which was measured to be the faster
            one on CPUs (benchmarks/README.md) and is that of a GPU's tensor cores; only rounding hangs on it.
        compile: run the net through torch.compile.
    """

    max_epochs: int | None = None
    accelerator: str = "auto"
    devices: int | str = "auto"
    num_nodes: int = 1
    strategy: str = "auto"
    precision: str = "32-true"
    accumulate_grad_batches: int = 1
    gradient_clip_val: float | None = None
    limit_train_batches: int | float | None = None
    limit_val_batches: int | float | None = None
    limit_test_batches: int | float | None = None
    deterministic: bool = False
    enable_progress_bar: bool = True
    channels_last: bool = True
    compile: bool = False


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


@dataclass(kw_only=True)
class Modality:
    """A modality's name, its two sets of options, and the package that makes things of them.

    Attributes:
        code: package with the modules `net` (`vgg_arguments`, `build`), `data` (`open_data`), `preview` (`panels`),
            `facts` (`facts`) and, where its files can be encoded anew, `reencode` (`encoder`, `gain`); from packaged
            configs alone, never from a run folder.
        presets: what options left unset become by a choice: {option of net: {choice: {section: {option: value}}}}.
        unset: what those become that are left then.
    """

    name: str
    code: str
    net: NetOptions
    data: DataOptions
    presets: dict[str, Any] = field(default_factory=dict)
    unset: dict[str, Any] = field(default_factory=dict)

    def vgg_arguments(self) -> dict[str, Any]:
        """The arguments of `vggx.net.VGG` for input as the data options give it."""
        return self.module("net").vgg_arguments(self.net, self.data)

    def build(self, classes: int) -> Any:
        """The net, a `vggx.net.PreparedNet`, its weights drawn."""
        return self.module("net").build(self.net, self.data, classes)

    def open_data(self, seed: int) -> Any:
        """The datamodule, a `vggx.data.datamodule.SplitData`; `seed` draws order and augmentation."""
        return self.module("data").open_data(self.data, seed, self.net)

    def module(self, name: str) -> Any:
        return importlib.import_module(f"{self.code}.{name}")


@dataclass(kw_only=True)
class Settings:
    """All of a run.

    Attributes:
        seed: of initial weights, order, augmentation and dropout.
        runs: folder in which a run makes its own.
        logger: tensorboard, wandb, mlflow or none; metrics.csv is always written.
        weights: what the net begins with: a file, a run folder, torchvision:NAME or timm:NAME; drawn where unset.
        allow_fresh: layers, blocks, "head" or "norm" that may inherit nothing of it.
        freeze: so many first blocks do not train, the statistics of their norms included.
    """

    modality: Modality
    recipe: Recipe = field(default_factory=Recipe)
    trainer: TrainerOptions = field(default_factory=TrainerOptions)
    seed: int = 0
    runs: str = "runs"
    logger: str = "tensorboard"
    weights: str | None = None
    allow_fresh: list[str] = field(default_factory=list)
    freeze: int = 0
