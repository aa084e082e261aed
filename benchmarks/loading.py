"""How fast samples come: each datamodule against a plain loop, video against pytorchvideo, and what exact frames cost.

    python benchmarks/loading.py                       the embedded data
    python benchmarks/loading.py --data FOLDER         real data too, and the price of exactness by kind of file

Every ratio is of two ways that read the same files in turn, in one process; the median over the repeats. Prints three
tables and writes benchmarks/results/loading.json.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import av
import decord
import numpy as np
import soundfile
import soxr
import torch
from omegaconf import OmegaConf
from PIL import Image
from pytorchvideo.data import LabeledVideoDataset, make_clip_sampler
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, SequentialSampler, default_collate
from torchvision.transforms.v2 import functional as F

from modalities.audio.transforms import clip_start
from modalities.image.transforms import image_transform
from modalities.video.clips import frame_numbers, random_start
from modalities.video.packets import Bounds, frames_by_decord
from modalities.video.readers import open_video
from modalities.video.scans import packets_of
from modalities.video.transforms import clip_transform
from vggx import configs, files, settings
from vggx.data.datamodule import SplitData
from vggx.options import Modality, given
from vggx.report.tables import show

RESULTS = Path(__file__).parent / "results"
VERSIONS = ("torch", "torchvision", "decord", "av", "soundfile", "soxr", "pytorchvideo")
Load = Callable[[str], Tensor]

# name -> modality, folder below --data (None: embedded), options of its data
SETS: dict[str, tuple[str, str | None, dict[str, Any]]] = {
    "digits": ("image", None, {}),
    "moving_digits": ("video", None, {}),
    "tones": ("audio", None, {}),
    "fashion_mnist": ("image", "fashion_mnist/folder_small", {"size": 28, "resize": 28, "channels": 1}),
    "fight_surv": ("video", "fight_surv", {"frames": 8, "frame_stride": 4, "size": 64, "resize": 64}),
    "spoken_digits": ("audio", "fsdd", {"sample_rate": 8000, "seconds": 1.0}),
}


def modality_of(name: str, data: Path | None) -> Modality | None:
    """The modality with a set's options, or None where its folder is not at hand."""
    kind, folder, options = SETS[name]
    if folder and not (data and (data / folder).is_dir()):
        return None
    packaged = configs.load(f"modality/{kind}")
    root = str(data / folder) if data and folder else None
    packaged.data = OmegaConf.merge(packaged.data, {"root": root, "num_workers": 0, **options})
    return settings.resolve(OmegaConf.create({"modality": packaged})).modality


# what a script without a datamodule would do: the same decoders and transforms, and nothing else


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


def plain_batches(load: Load, paths: Sequence[str], size: int) -> Iterator[Tensor]:
    for start in range(0, len(paths), size):
        parts = [load(path) for path in paths[start : start + size]]
        yield pad_sequence(parts, batch_first=True) if parts[0].ndim == 1 else default_collate(parts)


def timed(batches: Iterable[Any], count: Callable[[Any], int]) -> float:
    """Samples per second of all batches."""
    begun, samples = time.perf_counter(), 0
    for batch in batches:
        samples += count(batch)
    return samples / (time.perf_counter() - begun)


def ours(data: SplitData, workers: int) -> Iterable[dict[str, Any]]:
    data.options.num_workers = workers
    return data.loader(data.dataset("train", train=True))


def in_turn(ways: dict[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """Each way's samples per second, `repeats` times after one that is not counted, all ways in turn."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(repeats + 1):
        for name, way in ways.items():
            rate = way()
            if repeat:
                found[name].append(rate)
    return found


def ratio(above: Sequence[float], below: Sequence[float]) -> float:
    return round(statistics.median(a / b for a, b in zip(above, below, strict=True)), 3)


def median(rates: Sequence[float]) -> float:
    return round(statistics.median(rates), 1)


def shortened(data: SplitData, most: int) -> list[str]:
    """The paths of the training split, of which no more than `most` are kept."""
    listing = data.find()
    listing.splits["train"] = listing.splits["train"][:: max(1, len(listing.splits["train"]) // most)][:most]
    return [sample.path for sample in listing.splits["train"]]


def datamodules(data: Path | None, repeats: int, most: int) -> Iterator[dict[str, Any]]:
    for name in SETS:
        modality = modality_of(name, data)
        if modality is None:
            continue
        module = modality.open_data(0)
        paths, load = shortened(module, most), PLAIN[modality.name](modality.data)
        size = given(modality.data.batch_size, "batch_size")
        parallel = ours(module, 2)  # its processes live on, so that what is timed is not their start
        rates = in_turn(
            {
                "loop": lambda: timed(plain_batches(load, paths, size), len),  # noqa: B023
                "ours": lambda: timed(ours(module, 0), lambda batch: len(batch["input"])),  # noqa: B023
                "workers": lambda: timed(parallel, lambda batch: len(batch["input"])),  # noqa: B023
            },
            repeats,
        )
        yield {
            "data": name,
            "modality": modality.name,
            "files": len(paths),
            "loop_per_second": median(rates["loop"]),
            "ours_per_second": median(rates["ours"]),
            "ours_to_loop": ratio(rates["ours"], rates["loop"]),
            "two_workers_to_loop": ratio(rates["workers"], rates["loop"]),
        }


def pytorchvideo_batches(modality: Modality, paths: Sequence[str], fps: float, decoder: str) -> Iterable[Any]:
    """The same files through pytorchvideo: a random clip as long as ours, as many frames of it, the same transform.

    Its clips are seconds of float32 frames, of which ours are taken evenly.
    """
    options: Any = modality.data
    transform, frames = clip_transform(options, True), given(options.frames, "frames")

    def reduce(clip: dict[str, Any]) -> Tensor:
        video = clip["video"]
        chosen = torch.linspace(0, video.shape[1] - 1, frames).long()
        return transform(video[:, chosen].to(torch.uint8).transpose(0, 1))

    seconds = options.span() / fps
    sampler = make_clip_sampler("random", seconds)
    listed = [(path, {"label": 0}) for path in paths]
    dataset = LabeledVideoDataset(listed, sampler, SequentialSampler, reduce, decode_audio=False, decoder=decoder)
    return DataLoader(dataset, given(options.batch_size, "batch_size"))


def peers(data: Path | None, repeats: int, most: int) -> Iterator[dict[str, Any]]:
    for name, fps in (("moving_digits", 10.0), ("fight_surv", 25.0)):
        modality = modality_of(name, data)
        if modality is None:
            continue
        module = modality.open_data(0)
        paths = shortened(module, most)
        ways: dict[str, Callable[[], float]] = {
            "ours": lambda: timed(ours(module, 0), lambda batch: len(batch["input"]))  # noqa: B023
        }
        for decoder in ("decord", "pyav"):
            ways[decoder] = lambda decoder=decoder: timed(
                pytorchvideo_batches(modality, paths, fps, decoder),  # noqa: B023
                len,
            )
        rates = in_turn(ways, repeats)
        for decoder in ("decord", "pyav"):
            yield {
                "data": name,
                "files": len(paths),
                "peer": f"pytorchvideo LabeledVideoDataset, {decoder}",
                "peer_per_second": median(rates[decoder]),
                "ours_per_second": median(rates["ours"]),
                "ours_to_peer": ratio(rates["ours"], rates[decoder]),
            }


# a real clip encoded anew in the kinds that differ in how a frame is found: name -> codec, options, pixel format
KINDS: dict[str, tuple[str, dict[str, str], str]] = {
    "H.264 mp4, closed groups": ("libx264 mp4", {"x264-params": "keyint=48:scenecut=0:open-gop=0"}, "yuv420p"),
    "H.264 mp4, open groups": ("libx264 mp4", {"x264-params": "keyint=48:open-gop=1:bframes=3"}, "yuv420p"),
    "HEVC mp4": ("libx265 mp4", {"x265-params": "keyint=48:log-level=none"}, "yuv420p"),
    "VP9 webm": ("libvpx-vp9 webm", {"g": "48", "deadline": "realtime", "cpu-used": "8"}, "yuv420p"),
    "MPEG-4 avi with B-frames (UCF-101's)": ("mpeg4 avi", {"g": "48", "bf": "2"}, "yuv420p"),
    "H.264 avi": ("libx264 avi", {"x264-params": "keyint=48"}, "yuv420p"),
    "MPEG-2 ts": ("mpeg2video ts", {"g": "15", "bf": "2"}, "yuv420p"),
    "WMV": ("wmv2 wmv", {"g": "48"}, "yuv420p"),
}


def encoded(clip: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """(kind, path) of the clip in every kind."""
    with av.open(str(clip)) as container:
        frames = [frame.to_ndarray(format="rgb24", threads=1) for frame in container.decode(video=0)]
    height, width = (side // 2 * 2 for side in frames[0].shape[:2])
    for number, (kind, (codec, options, pixels)) in enumerate(KINDS.items()):
        name, ending = codec.split()
        path = folder / f"{number}.{ending}"
        with av.open(str(path), "w") as container:
            stream = container.add_stream(name, rate=25, options=options)
            stream.width, stream.height, stream.pix_fmt = width, height, pixels
            for frame in frames:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame[:height, :width].copy(), format="rgb24")))
            container.mux(stream.encode())
        yield kind, str(path)


def exactness(clip: Path, repeats: int) -> Iterator[dict[str, Any]]:
    """Clips of 16 frames at random places, two apart: how many decord finds wrongly by itself, and what ours cost."""
    bounds = Bounds(10**8, 10**5)
    draw = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        for kind, path in encoded(clip, Path(folder)):
            with av.open(path) as container:
                truth = np.stack([frame.to_ndarray(format="rgb24", threads=1) for frame in container.decode(video=0)])
            starts = draw.integers(0, len(truth) - 31, 20)
            clips = [list(range(start, start + 31, 2)) for start in starts]
            open_video(path, bounds)  # scanned once, as in the first epoch

            def by_decord(numbers: list[int], path: str = path) -> np.ndarray:
                return frames_by_decord(decord.VideoReader(path, num_threads=1), numbers)

            def by_ours(numbers: list[int], path: str = path) -> np.ndarray:
                return open_video(path, bounds).read(numbers).permute(0, 2, 3, 1).numpy()

            def wrong(read: Callable[[list[int]], np.ndarray], clips: Any = clips, truth: np.ndarray = truth) -> float:
                # other decoders round colours otherwise; a frame is wrong if another one of the film is nearer to it
                return float(np.mean([misplaced(read(numbers), numbers, truth) for numbers in clips]))

            rates = in_turn(
                {
                    name: lambda read=read, clips=clips: timed(map(read, clips), lambda _: 1)
                    for name, read in (("decord", by_decord), ("ours", by_ours))
                },
                repeats,
            )
            reader = packets_of(path, bounds)
            yield {
                "kind": kind,
                "read_by": reader.decoder,
                "because": reader.reason or None,
                "wrong_by_decord": round(wrong(by_decord), 3),
                "wrong_by_ours": round(wrong(by_ours), 3),
                "decord_clips_per_second": median(rates["decord"]),
                "ours_clips_per_second": median(rates["ours"]),
                "ours_to_decord": ratio(rates["ours"], rates["decord"]),
            }


def misplaced(found: np.ndarray, numbers: Sequence[int], truth: np.ndarray) -> float:
    """The share of frames that are nearer to another frame of the film than to the one that was asked for."""
    small = truth[:, ::8, ::8].astype(np.int16)
    near = [int(np.abs(small - frame[::8, ::8]).mean((1, 2, 3)).argmin()) for frame in found]
    # still pictures: of equal frames any is right
    return float(np.mean([(small[a] != small[b]).any() for a, b in zip(near, numbers, strict=True)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of the real data sets")
    parser.add_argument("--clip", type=Path, help="the video to encode anew; of --data if not given")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--files", type=int, default=200, help="of each data set, at most")
    parser.add_argument("--output", type=Path, default=RESULTS / "loading.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    clip = options.clip or (options.data / "media/video/mmaction2__demo.mp4" if options.data else None)
    tables: dict[str, list[dict[str, Any]]] = {
        "datamodules": list(datamodules(options.data, options.repeats, options.files)),
        "peers": list(peers(options.data, options.repeats, options.files)),
        "exactness": list(exactness(clip, options.repeats)) if clip else [],
    }
    for name, rows in tables.items():
        if rows:
            show(rows, name)
    versions = {"python": platform.python_version()} | {name: metadata.version(name) for name in VERSIONS}
    machine = {"machine": f"{os.cpu_count()} CPU cores, {platform.machine()}", "versions": versions}
    how = {"repeats": options.repeats, "files": options.files, "command": "python benchmarks/loading.py --data FOLDER"}
    files.write_json(options.output, {**machine, **how, **tables})
    print(f"written to {options.output}")


if __name__ == "__main__":
    main()
