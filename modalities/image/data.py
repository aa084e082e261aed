"""image files, idx files, CIFAR-10 or the embedded digits -> batches of (N, C, size, size) bytes."""

import gzip
import struct
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from modalities.image import digits
from modalities.image.options import Data, Net
from modalities.image.transforms import image_transform
from vggx.data import sources
from vggx.data.crops import ShortSides, check_mask, check_shape, jointly
from vggx.data.datamodule import Source, SplitData
from vggx.data.dataset import Load, MediaDataset
from vggx.data.embedded import embedded
from vggx.data.listing import BadFile, Listing, Sample, check_file
from vggx.data.targets import Targets
from vggx.options import DataOptions

MODES = {1: "L", 3: "RGB"}
IDX_PARTS = {"train": "train", "test": "t10k"}
CIFAR10_FOLDER = "cifar-10-batches-py"

# modality.data.max_pixels has its say before PIL decodes anything
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


@contextmanager
def opened(path: str, max_pixels: int) -> Iterator[Image.Image]:
    """The image of a file, of which the header alone has been read; what PIL finds wrong meanwhile is a `BadFile`.

    Raises:
        BadFile: not an image, one that ends early, or one of more pixels than `max_pixels` by its header.
    """
    check_file(path)
    try:
        with Image.open(path) as image:
            if image.width * image.height > max_pixels:
                raise BadFile(
                    f"{path}: its header says {image.width} x {image.height} pixels, more than "
                    f"modality.data.max_pixels={max_pixels}"
                )
            check_shape(path, image.width, image.height)
            yield image
    except BadFile:
        raise
    except Exception as error:  # PIL's many readers raise many kinds on damaged files
        raise BadFile(f"{path}: is not a readable image ({error})") from error


def read_image(path: str, channels: int, max_pixels: int = Data.max_pixels) -> Tensor:
    """A file -> (C, H, W) bytes.

    Raises:
        BadFile: as `opened`.
    """
    mode = MODES[channels]
    with opened(path, max_pixels) as file:
        image = file
        if image.mode.startswith("I;16"):  # which convert() would clip at 255
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        array = np.array(image if image.mode == mode else image.convert(mode))
    return channels_first(array)


def channels_first(array: np.ndarray) -> Tensor:
    """(H, W) or (H, W, C) -> (C, H, W), not copied."""
    image = torch.from_numpy(array)
    return image[None] if image.ndim == 2 else image.permute(2, 0, 1)


def read_idx(path: Path, axes: int | None = None) -> np.ndarray:
    """An idx file of bytes, plain or .gz -> its array.

    Raises:
        ValueError: naming the file: another kind of file, or fewer bytes than its header promises.
    """
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is not a whole gzip file: {error}") from error
    if len(data) < 4 or data[:3] != b"\0\0\x08":
        raise ValueError(f"{path} is not an idx file of bytes: it begins with {data[:4].hex(' ')}")
    if axes not in (None, data[3]):
        raise ValueError(f"{path} has {data[3]} axes where {axes} are expected")
    axes = data[3]
    if len(data) < 4 + 4 * axes:
        raise ValueError(f"{path} ends within its header, after {len(data)} bytes: a header of {axes} axes has more")
    shape = struct.unpack(f">{axes}I", data[4 : 4 + 4 * axes])
    values = np.frombuffer(data, np.uint8, offset=4 + 4 * axes)
    if values.size != np.prod(shape):
        raise ValueError(f"{path} holds {values.size} bytes where its header says {' x '.join(map(str, shape))}")
    return values.reshape(shape)


@dataclass(frozen=True)
class ArrayContents:
    """path#index -> (C, H, W) bytes, for formats that keep all images in one array (N, H, W[, 3])."""

    arrays: dict[str, np.ndarray]

    def __call__(self, name: str) -> Tensor:
        path, _, index = name.rpartition("#")
        return channels_first(self.arrays[path][int(index)].copy())


def array_listing(
    classes: Sequence[str], parts: Mapping[str, tuple[str, np.ndarray, Iterable[int]]], options: DataOptions
) -> Listing:
    """{split: (name, images, labels)} -> a listing whose validation split is taken from train."""
    listing = Listing(list(options.classes or classes))
    for split, (name, images, labels) in parts.items():
        listing.splits[split] = [Sample(f"{name}#{i}", int(label)) for i, label in enumerate(labels)]
        if len(images) != len(listing.splits[split]):
            raise ValueError(f"{name} has {len(images)} images and {len(listing.splits[split])} labels")
    largest = max(sample.target for samples in listing.splits.values() for sample in samples)
    if largest >= len(listing.classes):
        raise ValueError(f"label {largest} is not in the class list of {len(listing.classes)}: {listing.classes}")
    listing.contents = ArrayContents({name: images for name, images, _ in parts.values()})
    sources.fill(listing, options, split_given="test" in parts)
    return listing


def idx_file(root: Path, name: str) -> Path:
    names = (name, name.replace("-idx", ".idx"))
    found = [root / f"{each}{ending}" for each in names for ending in ("", ".gz")]
    for path in found:
        if path.is_file():
            return path
    raise FileNotFoundError(f"{root} has no {name} or {name}.gz")


def idx(root: Path, options: DataOptions, extensions: Sequence[str]) -> Listing:
    """MNIST's four files, plain or .gz; any checksum, so that MNIST's many relatives are read too."""
    parts = {}
    for split, prefix in IDX_PARTS.items():
        images = read_idx(idx_file(root, f"{prefix}-images-idx3-ubyte"), 3)
        labels = read_idx(idx_file(root, f"{prefix}-labels-idx1-ubyte"), 1)
        if not len(labels):
            raise ValueError(f"{prefix}-labels-idx1-ubyte of {root} holds no labels")
        parts[split] = f"{prefix}-images-idx3-ubyte", images, labels
    count = 1 + max(int(labels.max()) for _, _, labels in parts.values())
    return array_listing([str(label) for label in range(count)], parts, options)


def cifar10(root: Path, options: DataOptions, extensions: Sequence[str]) -> Listing:
    """CIFAR-10 as distributed for Python, read by torchvision; `root` holds its folder, unpacked."""
    from torchvision.datasets import CIFAR10

    try:
        sets = {split: CIFAR10(str(root), train=split == "train", download=False) for split in IDX_PARTS}
    except RuntimeError as error:
        raise FileNotFoundError(f"{root} does not hold CIFAR-10 ({CIFAR10_FOLDER}): {error}") from error
    parts = {split: (f"cifar10-{split}", found.data, found.targets) for split, found in sets.items()}
    return array_listing(sets["train"].classes, parts, options)


def embedded_digits(root: Path, options: DataOptions, extensions: Sequence[str]) -> Listing:
    return sources.folder(embedded("digits-1", digits.write), options, extensions)


@dataclass(frozen=True)
class LoadImage:
    """sample -> (C, H, W) bytes and its target, transformed

    Args:
        target: reads what a sample's target names.

    Raises:
        BadFile: as `opened`, or a mask of another size than its picture.
    """

    channels: int
    max_pixels: int
    transform: Callable[..., Any]
    contents: Callable[[str], Any] | None = None
    target: Callable[[Any], Any] = Targets().load

    def __call__(self, sample: Sample, view: int, views: int) -> tuple[Tensor | list[Tensor], Any]:
        if self.contents is None:
            image = read_image(sample.path, self.channels, self.max_pixels)
        else:
            image = self.contents(sample.path)
            if image.shape[0] != self.channels:
                image = F.rgb_to_grayscale(image) if self.channels == 1 else image.expand(self.channels, -1, -1)
        target = self.target(sample.target)
        check_mask(sample.name, image, target)
        return jointly(self.transform, image, target)


class ImageData(SplitData):
    """Images of one size, one view a file."""

    EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
    SOURCES: ClassVar[dict[str, Source]] = {
        **SplitData.SOURCES,
        "idx": idx,
        "cifar10": cifar10,
        "digits": embedded_digits,
    }
    EMBEDDED = ("digits",)

    options: Data

    def __init__(self, options: Data, seed: int = 0):
        super().__init__(options, seed)
        if options.crop_scale is not None:  # a net's card says nothing of training
            image_transform(options, train=True)  # refuses now what is out of range, not when the first file is read

    def guess(self, root: Path | None) -> str:
        if root is not None and any(root.glob("*[-.]idx3-ubyte*")):
            return "idx"
        if root is not None and (root / CIFAR10_FOLDER).is_dir():
            return "cifar10"
        return super().guess(root)

    def load(self, train: bool) -> Load:
        return self.loading(image_transform(self.options, train))

    def uncropped(self, samples: Sequence[Sample], sizes: Sequence[int]) -> MediaDataset:
        return MediaDataset(samples, self.loading(ShortSides(sizes)), on_error=self.options.on_error)

    def loading(self, transform: Callable[..., Any]) -> LoadImage:
        if self.options.channels not in MODES:
            raise ValueError(f"modality.data.channels must be 1 or 3, not {self.options.channels}")
        contents = self.listing.contents if self.listing else None
        return LoadImage(self.options.channels, self.options.max_pixels, transform, contents, self.targets.load)


def open_data(options: Data, seed: int, net: Net | None = None) -> ImageData:
    return ImageData(options, seed)
