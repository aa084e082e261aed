"""options -> loaders of train, val, test and of new files; a modality adds how one file is read."""

import os
from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import torch
from lightning import LightningDataModule
from torch.utils.data import DataLoader

from vggx.data import sources
from vggx.data.batch import collate, gather
from vggx.data.dataset import Load, MediaDataset
from vggx.data.listing import Listing, Sample
from vggx.data.paths import check_name, media_files
from vggx.data.sampler import EpochSampler
from vggx.data.targets import Classes, Targets
from vggx.options import DataOptions

Source = Callable[..., Listing]  # (root, options, extensions); of `TABLES` also targets=


class SplitData(LightningDataModule):
    """The datamodule that every modality shares.

    A modality sets `EXTENSIONS`, adds its own `SOURCES`, `EMBEDDED` and `FOLDED`, and writes `load`; where a file has
    several views in evaluation also `views`, where its formats show in the root also `guess`.

    Args:
        options: the modality's.
        seed: of order and augmentation.
    """

    EXTENSIONS: ClassVar[tuple[str, ...]] = ()
    SOURCES: ClassVar[dict[str, Source]] = {**sources.SOURCES}
    EMBEDDED: ClassVar[tuple[str, ...]] = ()
    # sources of which modality.data.fold chooses the test split
    FOLDED: ClassVar[tuple[str, ...]] = ("manifest",)
    # sources that are a CSV, whose cells can be any task's targets
    TABLES: ClassVar[tuple[str, ...]] = ("manifest",)

    def __init__(self, options: Any, seed: int = 0):
        super().__init__()
        self.options = options
        self.seed = seed
        self.listing: Listing | None = None
        # what the labels become; the task's, set before the data are listed
        self.targets: Targets = Classes()
        # what follows a sample that is shorter than the longest of its batch
        self.fill = 0.0
        # keys of each training sample in an epoch, see `EpochSampler`
        self.repeats = 1
        # of a resumed run: loading processes begin with it before Lightning has told the sampler
        self.start_epoch = 0

    @abstractmethod
    def load(self, train: bool) -> Load:
        """A picklable function that reads one view of a sample; random where it trains."""

    def views(self, samples: Sequence[Sample]) -> int | list[int]:
        """Views of each file in evaluation: a number for all, or one for each."""
        return 1

    def guess(self, root: Path | None) -> str:
        return sources.guess(root, self.options)

    def find(self) -> Listing:
        """List the data set; done once.

        Raises:
            FileNotFoundError: the root does not exist.
            ValueError: an unknown source, or what the source finds wrong.
        """
        if self.listing is None:
            root = Path(self.options.root) if self.options.root is not None else None
            if root is not None and not root.is_dir():
                raise FileNotFoundError(f"modality.data.root={root} is not a folder")
            source = self.options.source or self.guess(root)
            if source not in self.SOURCES:
                known = ", ".join(self.SOURCES)
                raise ValueError(f"modality.data.source must be one of {known}, not {source!r}")
            if root is not None and source in self.EMBEDDED:
                raise ValueError(f"modality.data.source={source} is built in: leave out modality.data.root={root}")
            if root is None and not self.options.manifest and source not in self.EMBEDDED:
                raise ValueError(f"modality.data.source={source} needs modality.data.root=FOLDER")
            if self.options.fold is not None and source not in self.FOLDED:
                raise ValueError(f"modality.data.source={source} has no folds: leave out modality.data.fold")
            if self.options.fold is None and self.options.fold_column != DataOptions.fold_column:
                raise ValueError(
                    f"modality.data.fold_column={self.options.fold_column} holds nothing out by itself: "
                    "modality.data.fold says which of its values is the test split"
                )
            self.source = source
            given = root or Path(), self.options, self.EXTENSIONS
            if source in self.TABLES:
                listing = self.SOURCES[source](*given, targets=self.targets)
            else:
                listing = self.targets.of_classes(self.SOURCES[source](*given), source)
            self.check_segments(listing)
            self.targets = self.targets.sized(len(listing.classes))
            self.listing = listing
        return self.listing

    def check_segments(self, listing: Listing) -> None:
        """
        Raises:
            ValueError: a segment of a file that does not last.
        """
        samples = (sample for samples in listing.splits.values() for sample in samples)
        first = next((sample for sample in samples if sample.is_segment), None)
        if first is not None and not self.options.LASTS:
            raise ValueError(f"{first.name}: a picture has no seconds; leave the columns start and end empty, or out")

    def describe(self) -> str:
        listing = self.find()
        place = self.options.manifest or self.options.root or "embedded"
        guessed = "" if self.options.source else ", guessed"
        first = f"{place} (source {self.source}{guessed}): {self.targets.counted(listing.classes)}, {listing.counts()}"
        return "\n".join([first, *(f"note: {note}" for note in listing.notes)])

    def reading(self) -> dict[str, Any]:
        """How many files each way of reading has served, for the summary of a run; nothing where there is one way."""
        return {}

    def dataset(self, split: str, *, train: bool = False) -> MediaDataset:
        """The samples of a split, augmented if `train`, else as they are evaluated."""
        samples = self.find().splits[split]
        views = 1 if train else self.views(samples)
        on_error = self.options.on_error
        return MediaDataset(samples, self.load(train), views=views, train=train, seed=self.seed, on_error=on_error)

    def uncropped(self, samples: Sequence[Sample], sizes: Sequence[int]) -> MediaDataset:
        """Samples as they are evaluated, but nothing is cut off; of pictures an input is a list, one of each size.

        Args:
            sizes: of the short side, pixels.
        """
        return MediaDataset(samples, self.load(False), views=self.views(samples), on_error=self.options.on_error)

    def wholes(self, samples: Sequence[Sample]) -> tuple[list[int], MediaDataset]:
        """The numbers of the files that are short enough to be read whole and in batches, and each as one input."""
        return [], self.uncropped([], ())

    def loader(self, dataset: MediaDataset, *, together: bool = True) -> DataLoader[Any]:
        """Batches of a dataset, their inputs as one tensor, or as they are where they need not be of one shape."""
        workers = self.options.num_workers
        workers = min(8, os.cpu_count() or 1) if workers is None else workers
        return DataLoader(
            dataset,
            batch_size=self.options.batch_size,
            sampler=self.order(dataset),
            num_workers=workers,
            collate_fn=partial(collate, fill=self.fill) if together else gather,
            pin_memory=torch.cuda.is_available(),
            persistent_workers=workers > 0,
            # a generator of its own: the loader's draws must not move those of dropout, or a resumed run differs
            generator=torch.Generator().manual_seed(self.seed),
        )

    def order(self, dataset: MediaDataset) -> EpochSampler:
        rank, world = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        return EpochSampler(
            len(dataset),
            seed=self.seed,
            shuffle=dataset.train,
            rank=rank,
            world=world,
            epoch=self.start_epoch,
            repeats=self.repeats if dataset.train else 1,
        )

    def train_dataloader(self) -> DataLoader[Any]:
        return self.loader(self.dataset("train", train=True))

    def val_dataloader(self) -> DataLoader[Any]:
        return self.loader(self.dataset("val"))

    def test_dataloader(self) -> DataLoader[Any]:
        return self.loader(self.dataset("test"))

    def new_files(self, inputs: Sequence[str]) -> list[Sample]:
        """The files named, and those of this modality's endings in the folders named."""
        found = []
        for name in inputs:
            path = Path(name)
            links = self.options.follow_links
            files = media_files(path, self.EXTENSIONS, follow_links=links) if path.is_dir() else []
            # what is no folder, and a folder without a file for us, is tried as a file and reported as one
            found += [Sample(str(file)) for file in files or [path]]
        for sample in found:
            check_name(sample.path)
        return found

    def new_dataset(self, samples: Sequence[Sample], on_error: str = "skip") -> MediaDataset:
        """Any samples, as those of a split are evaluated."""
        return MediaDataset(samples, self.load(False), views=self.views(samples), on_error=on_error)
