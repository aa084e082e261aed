"""Where samples are and how they are loaded."""

from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(kw_only=True)
class DataOptions:
    """Where the samples are and how they are loaded.

    Attributes:
        root: folder of the data; without one the modality's embedded data are used.
        source: how the folder is read: folder, manifest, ...; guessed from what lies in it where unset.
        manifest: a CSV file `path,label[,split,group,start,end,...]`, paths relative to it.
        classes: the class names in order, and no others; found in the data where unset.
        label_columns: the manifest's columns that hold what is learned: one of labels, of task=tag also one of zeros
            and ones for each class, of task=regress one for each number; the column label where empty.
        label_separator: what stands between the labels of one file, of task=tag.
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
    label_columns: list[str] = field(default_factory=list)
    label_separator: str = ";"
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
    # whether a file lasts, so that `whole` of its modality's code scans it along time
    LASTS: ClassVar[bool] = False
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

    def view_counts(self) -> dict[str, Any]:
        """How many views of a file are averaged in evaluation, by the options that say so."""
        return {name: getattr(self, name) for name in self.VIEWS}

    def input_shape(self) -> tuple[int, ...]:
        """The shape of one sample as the datamodule gives it, without the batch axis."""
        raise NotImplementedError

    def meaning(self, fps: float) -> str:
        """What one sample stands for, in words; of a film it is told at so many frames a second."""
        raise NotImplementedError

    def duration(self, fps: float) -> float:
        """Seconds of the input that one sample stands for; an image is a frame of a film."""
        raise NotImplementedError

    def measures_colours(self) -> bool:
        """Whether the covariance of colours is still to be measured on the training split."""
        return False

    def views(self) -> int | None:
        """How many samples are averaged to one answer in evaluation; None where it depends on the file."""
        return 1

    def evaluated_side(self) -> int:
        """The short side that pictures are scaled to in evaluation, pixels; 0 of what has none."""
        return 0

    def mirrors(self) -> bool:
        """Whether training sees mirror images."""
        return False

    def trained_at(self) -> str:
        """What training scales pictures to, the S of the paper's tables: 256, 256-512, or a share of the area."""
        return "-"
