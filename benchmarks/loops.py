"""data sets -> samples a second of each datamodule beside a plain loop, and where its time goes.

A plain loop is what a script without a datamodule does: the same files, decoders, transforms and labels, in batches.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import decord
import numpy as np
import soundfile
import soxr
import torch
from omegaconf import OmegaConf
from PIL import Image
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, default_collate
from torchvision.transforms.v2 import functional as F
from turns import in_turn, median, quartiles, ratio, timed

from modalities.audio import reading
from modalities.audio.transforms import clip_start
from modalities.image.data import opened, read_image
from modalities.image.transforms import image_transform
from modalities.video.clips import frame_numbers, random_start
from modalities.video.data import bounds_of
from modalities.video.packets import frames_by_decord
from modalities.video.readers import open_video
from modalities.video.transforms import clip_transform
from vggx import configs, settings
from vggx.data.batch import Batch, collate
from vggx.data.datamodule import SplitData
from vggx.data.listing import Sample
from vggx.options import Modality, given

Load = Callable[[str], Tensor]
Row = dict[str, Any]
WORKERS = (0, 1, 2)

# name -> modality, folder below --data (None: embedded), options of its data
SETS: dict[str, tuple[str, str | None, dict[str, Any]]] = {
    "digits": ("image", None, {}),
    "moving_digits": ("video", None, {}),
    "tones": ("audio", None, {}),
    "fashion_mnist": ("image", "fashion_mnist/folder_small", {"size": 28, "resize": 28, "channels": 1}),
    "fight_surv": ("video", "fight_surv", {"frames": 8, "frame_stride": 4, "size": 64, "resize": 64}),
    "spoken_digits": ("audio", "fsdd", {"sample_rate": 8000, "seconds": 1.0}),
}


def modality_of(name: str, data: Path | None, **more: Any) -> Modality | None:
    """The modality with a set's options, or None where its folder is not at hand."""
    kind, folder, options = SETS[name]
    if folder and not (data and (data / folder).is_dir()):
        return None
    packaged = configs.load(f"modality/{kind}")
    root = str(data / folder) if data and folder else None
    packaged.data = OmegaConf.merge(packaged.data, {"root": root, "num_workers": 0, **options, **more})
    return settings.resolve(OmegaConf.create({"modality": packaged})).modality


def plain_image(options: Any) -> Load:
    transform, mode = image_transform(options, True), "L" if options.channels == 1 else "RGB"
    return lambda path: transform(F.pil_to_tensor(Image.open(path).convert(mode)))


def plain_video(options: Any) -> Load:
    transform, span, stride = clip_transform(options, True), options.span(), given(options.frame_stride, "frame_stride")

    def load(path: str) -> Tensor:
        reader = decord.VideoReader(path, num_threads=1)
        length = len(reader)
        numbers = frame_numbers(random_start(length, span), span, stride, length, "repeat")
        return transform(torch.from_numpy(frames_by_decord(reader, numbers)).permute(0, 3, 1, 2))

    return load


def plain_audio(options: Any) -> Load:
    (samples,), target = options.input_shape(), given(options.sample_rate, "sample_rate")

    def load(path: str) -> Tensor:
        with soundfile.SoundFile(path) as file:
            clip = -(-samples * file.samplerate // target)
            file.seek(clip_start(file.frames, clip, 0, 1, True))
            x, rate = file.read(clip, dtype="float32", always_2d=True).mean(1), file.samplerate
        x = x if rate == target else soxr.resample(x, rate, target, quality="HQ")
        return torch.from_numpy(np.ascontiguousarray(x))

    return load


PLAIN = {"image": plain_image, "video": plain_video, "audio": plain_audio}


def plain_batches(load: Load, samples: Sequence[Sample], size: int) -> Iterator[Batch]:
    """Inputs and labels; of sounds, padded to the longest, their lengths too."""
    for start in range(0, len(samples), size):
        chosen = samples[start : start + size]
        inputs = [load(sample.path) for sample in chosen]
        targets = torch.tensor([sample.target for sample in chosen])
        if inputs[0].ndim == 1:
            lengths = torch.tensor([len(x) for x in inputs])
            yield Batch(pad_sequence(inputs, batch_first=True), targets, lengths)
        else:
            yield Batch(default_collate(inputs), targets)


def inputs_in(batch: Batch) -> int:
    return len(batch.input)


def ours(data: SplitData, workers: int) -> DataLoader[Any]:
    data.options.num_workers = workers
    return data.loader(data.dataset("train", train=True))


def shortened(data: SplitData, most: int) -> list[Sample]:
    """The training split, of which no more than `most` files are kept."""
    listing = data.find()
    listing.splits["train"] = listing.splits["train"][:: max(1, len(listing.splits["train"]) // most)][:most]
    return listing.splits["train"]


def datamodules(data: Path | None, repeats: int, most: int) -> Iterator[Row]:
    """Each set by the loop, and by its datamodule with every number of `WORKERS`."""
    for name in SETS:
        modality = modality_of(name, data)
        if modality is None:
            continue
        module = modality.open_data(0)
        samples, load = shortened(module, most), PLAIN[modality.name](modality.data)
        size = given(modality.data.batch_size, "batch_size")
        # made once: their processes live on, so that what is timed is not their start
        loaders = {workers: ours(module, workers) for workers in WORKERS}
        ways = {f"workers_{n}": lambda loader=loader: timed(loader, inputs_in) for n, loader in loaders.items()}
        rates = in_turn(
            {"loop": lambda: timed(plain_batches(load, samples, size), inputs_in), **ways},  # noqa: B023
            repeats,
        )
        row = {"data": name, "modality": modality.name, "files": len(samples), "loop_per_second": median(rates["loop"])}
        for way in ways:
            row[f"{way}_per_second"] = median(rates[way])
            row[f"{way}_to_loop"] = ratio(rates[way], rates["loop"])
            row[f"{way}_to_loop_quartiles"] = quartiles(rates[way], rates["loop"])
        yield row


# what a datamodule does with a file, up to and with a part: opening it (its header, or the scan of a video), decoding


def image_parts(options: Any) -> tuple[Callable[[str], Any], Callable[[str], Any]]:
    def header(path: str) -> None:
        with opened(path, options.max_pixels):
            pass

    return header, lambda path: read_image(path, options.channels, options.max_pixels)


def video_parts(options: Any) -> tuple[Callable[[str], Any], Callable[[str], Any]]:
    bounds, span, stride = bounds_of(options), options.span(), given(options.frame_stride, "frame_stride")

    def decoded(path: str) -> Tensor:
        reader = open_video(path, bounds)
        start = random_start(reader.length, span)
        return reader.read(frame_numbers(start, span, stride, reader.length, options.short))

    return lambda path: open_video(path, bounds), decoded


def audio_parts(options: Any) -> tuple[Callable[[str], Any], Callable[[str], Any]]:
    clips = reading.LoadClip(options, train=True)

    def header(path: str) -> None:
        with reading.opened(path, options):
            pass

    return header, lambda path: clips.read(Sample(path), 0, 1)


PARTS = {"image": image_parts, "video": video_parts, "audio": audio_parts}


def shares(data: Path | None, repeats: int, most: int) -> Iterator[Row]:
    """Where the time of each datamodule goes, without workers.

    Opening, opening and decoding, the whole of loading, collating and the loader are timed in turn; a part is the
    median of the differences. The rest is what is neither: keys, seeds, random state, torch's loader.
    """
    for name in SETS:
        modality = modality_of(name, data)
        if modality is None:
            continue
        module = modality.open_data(0)
        samples, load = shortened(module, most), module.load(True)
        header, decoded = PARTS[modality.name](modality.data)
        size, loader = given(modality.data.batch_size, "batch_size"), ours(module, 0)
        items = [loader.dataset[n] for n in range(len(samples))]
        batches = [items[start : start + size] for start in range(0, len(items), size)]

        def each(read: Callable[[Sample], Any], samples: Sequence[Sample] = samples, size: int = size) -> None:
            for start in range(0, len(samples), size):
                kept = [read(sample) for sample in samples[start : start + size]]  # as long as a batch's would be
                del kept

        found = in_turn(
            {
                "opening": seconds(lambda: each(lambda sample: header(sample.path))),  # noqa: B023
                "decoding": seconds(lambda: each(lambda sample: decoded(sample.path))),  # noqa: B023
                "transforms": seconds(lambda: each(lambda sample: load(sample, 0, 1))),  # noqa: B023
                "collate": seconds(lambda: [collate(items) for items in batches]),  # noqa: B023
                "all": seconds(lambda: list(loader)),  # noqa: B023
            },
            repeats,
        )
        parts = {
            "opening": found["opening"],
            "decoding": differences(found["decoding"], found["opening"]),
            "transforms": differences(found["transforms"], found["decoding"]),
            "collate": found["collate"],
            "rest": differences(differences(found["all"], found["transforms"]), found["collate"]),
        }
        whole = statistics.median(found["all"])
        row = {"data": name, "modality": modality.name, "microseconds": round(1e6 * whole / len(samples), 1)}
        yield row | {part: round(statistics.median(values) / whole, 3) for part, values in parts.items()}


def seconds(run: Callable[[], Any]) -> Callable[[], float]:
    def way() -> float:
        begun = time.perf_counter()
        run()
        return time.perf_counter() - begun

    return way


def differences(longer: Sequence[float], shorter: Sequence[float]) -> list[float]:
    return [a - b for a, b in zip(longer, shorter, strict=True)]
