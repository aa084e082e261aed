"""videos -> clips a second of our reader beside others: whole data sets, long films at random places, kinds of file."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import decord
import numpy as np
import torch
from loops import Row, inputs_in, modality_of, ours, shortened
from pytorchvideo.data import LabeledVideoDataset, make_clip_sampler
from pytorchvideo.data.encoded_video import EncodedVideo
from torch import Tensor
from torch.utils.data import DataLoader, SequentialSampler
from turns import in_turn, median, quartiles, ratio, timed

from modalities.video.packets import Bounds, frames_by_decord
from modalities.video.readers import open_video
from modalities.video.scans import packets_of
from modalities.video.transforms import clip_transform
from vggx.options import Modality, given

BOUNDS = Bounds(10**8, 10**5)
PEERS = ("decord", "pyav")
FPS = 25
FRAMES, STRIDE = 16, 2  # of a clip
SPAN = FRAMES * STRIDE
# long films, the clip over and over: name -> sides (the clip's own where None), and a keyframe every so many frames
LENGTH, CLIPS = 2240, 8
FILMS: dict[str, tuple[tuple[int, int] | None, int]] = {
    "340 x 256, a keyframe every 250 frames": (None, 250),
    "340 x 256, every 16": (None, 16),
    "170 x 128, every 16": ((170, 128), 16),
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


def pytorchvideo_batches(modality: Modality, paths: Sequence[str], fps: float, decoder: str) -> Iterable[Any]:
    """The same files through pytorchvideo: a random clip as long as ours, as many frames of it, the same transform.

    Its clips are seconds of float32 frames, of which ours are taken evenly.
    """
    options: Any = modality.data
    transform, frames = clip_transform(options, True), given(options.frames, "frames")

    def reduce(clip: dict[str, Any]) -> Tensor:
        return transform(evenly(clip["video"], frames).transpose(0, 1))

    sampler = make_clip_sampler("random", options.span() / fps)
    listed = [(path, {"label": 0}) for path in paths]
    dataset = LabeledVideoDataset(listed, sampler, SequentialSampler, reduce, decode_audio=False, decoder=decoder)
    return DataLoader(dataset, given(options.batch_size, "batch_size"))


def evenly(video: Tensor, frames: int) -> Tensor:
    """(3, T, H, W) -> (3, frames, H, W) bytes"""
    return video[:, torch.linspace(0, video.shape[1] - 1, frames).long()].to(torch.uint8)


def peers(data: Path | None, repeats: int, most: int) -> Iterator[Row]:
    """Whole epochs of a data set by our datamodule and by pytorchvideo's dataset."""
    for name, fps in (("moving_digits", 10.0), ("fight_surv", 25.0)):
        modality = modality_of(name, data)
        if modality is None:
            continue
        module = modality.open_data(0)
        paths = [sample.path for sample in shortened(module, most)]
        ways: dict[str, Callable[[], float]] = {
            "ours": lambda: timed(ours(module, 0), inputs_in)  # noqa: B023
        }
        for decoder in PEERS:
            ways[decoder] = lambda decoder=decoder: timed(
                pytorchvideo_batches(modality, paths, fps, decoder),  # noqa: B023
                len,
            )
        rates = in_turn(ways, repeats)
        for decoder in PEERS:
            yield {
                "data": name,
                "files": len(paths),
                "peer": f"pytorchvideo LabeledVideoDataset, {decoder}",
                **beside(rates, decoder),
            }


def beside(rates: dict[str, list[float]], peer: str) -> Row:
    return {
        "peer_per_second": median(rates[peer]),
        "ours_per_second": median(rates["ours"]),
        "ours_to_peer": ratio(rates["ours"], rates[peer]),
        "ours_to_peer_quartiles": quartiles(rates["ours"], rates[peer]),
    }


# long films


def film(clip: Path, path: Path, size: tuple[int, int] | None, every: int) -> None:
    """The clip over and over as one H.264 file of `LENGTH` frames."""
    with av.open(str(clip)) as container:
        frames = [frame.reformat(*(size or (None, None)), format="yuv420p") for frame in container.decode(video=0)]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"x264-params": f"keyint={every}:scenecut=0"})
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, "yuv420p"
        for number in range(LENGTH):
            frame = av.VideoFrame.from_ndarray(frames[number % len(frames)].to_ndarray(), format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def from_the_start(path: str, start: int) -> np.ndarray:
    """Without an index: every frame up to the clip's last is decoded."""
    found = []
    with av.open(path) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number >= start + SPAN - 1:
                break
            if number >= start and (number - start) % STRIDE == 0:
                found.append(frame.to_ndarray(format="rgb24"))
    return np.stack(found)


def by_pytorchvideo(path: str, start: int, decoder: str) -> Tensor:
    video = EncodedVideo.from_path(path, decode_audio=False, decoder=decoder)
    return evenly(video.get_clip(start / FPS, (start + SPAN) / FPS)["video"], FRAMES)


def frames_from(start: int) -> list[int]:
    return list(range(start, start + SPAN, STRIDE))


# clips at one place, each way opening the file anew, as a loader does
READERS: dict[str, Callable[[str, int], Any]] = {
    "ours": lambda path, start: open_video(path, BOUNDS).read(frames_from(start)),
    "decord": lambda path, start: frames_by_decord(decord.VideoReader(path, num_threads=1), frames_from(start)),
    "PyAV from the first frame on": from_the_start,
    "pytorchvideo EncodedVideo, decord": lambda path, start: by_pytorchvideo(path, start, "decord"),
    "pytorchvideo EncodedVideo, pyav": lambda path, start: by_pytorchvideo(path, start, "pyav"),
}


def long_films(clip: Path, repeats: int) -> Iterator[Row]:
    """Clips at random places of long films, the same for all."""
    starts = np.random.default_rng(0).integers(0, LENGTH - SPAN, CLIPS).tolist()
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, (size, every)) in enumerate(FILMS.items()):
            path = Path(folder) / f"{number}.mp4"
            film(clip, path, size, every)
            ways = {
                way: lambda read=read: timed(read(str(path), start) for start in starts)  # noqa: B023
                for way, read in READERS.items()
            }
            rates = in_turn(ways, repeats)
            for way in list(READERS)[1:]:
                yield {"film": name, "frames": LENGTH, "megabytes": size_of(path), "peer": way, **beside(rates, way)}


def size_of(path: Path) -> float:
    return round(path.stat().st_size / 1e6, 1)


# kinds of file


def encoded(clip: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """(kind, path) of the clip in every kind."""
    with av.open(str(clip)) as container:
        frames = [frame.to_ndarray(format="rgb24", threads=1) for frame in container.decode(video=0)]
    height, width = (side // 2 * 2 for side in frames[0].shape[:2])
    for number, (kind, (codec, options, pixels)) in enumerate(KINDS.items()):
        name, ending = codec.split()
        path = folder / f"{number}.{ending}"
        with av.open(str(path), "w") as container:
            stream = container.add_stream(name, rate=FPS, options=options)
            stream.width, stream.height, stream.pix_fmt = width, height, pixels
            for frame in frames:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame[:height, :width].copy(), format="rgb24")))
            container.mux(stream.encode())
        yield kind, str(path)


def exactness(clip: Path, repeats: int) -> Iterator[Row]:
    """Clips of 16 frames at random places, two apart: how many decord finds wrongly by itself, and what ours cost."""
    draw = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        for kind, path in encoded(clip, Path(folder)):
            with av.open(path) as container:
                truth = np.stack([frame.to_ndarray(format="rgb24", threads=1) for frame in container.decode(video=0)])
            starts = draw.integers(0, len(truth) - SPAN + 1, 20).tolist()
            open_video(path, BOUNDS)  # scanned once, as in the first epoch
            reads = {name: READERS[name] for name in ("decord", "ours")}
            rates = in_turn(
                {
                    name: lambda read=read: timed(read(path, start) for start in starts)  # noqa: B023
                    for name, read in reads.items()
                },
                repeats,
            )
            found = packets_of(path, BOUNDS)
            wrong = {name: misplaced_by(read, path, starts, truth) for name, read in reads.items()}
            yield {
                "kind": kind,
                "read_by": found.decoder,
                "because": found.reason or None,
                "wrong_by_decord": wrong["decord"],
                "wrong_by_ours": wrong["ours"],
                "decord_clips_per_second": median(rates["decord"]),
                "ours_clips_per_second": median(rates["ours"]),
                "ours_to_decord": ratio(rates["ours"], rates["decord"]),
                "ours_to_decord_quartiles": quartiles(rates["ours"], rates["decord"]),
            }


def misplaced_by(read: Callable[[str, int], Any], path: str, starts: Sequence[int], truth: np.ndarray) -> float:
    # other decoders round colours otherwise; a frame is wrong if another one of the film is nearer to it
    clips = [(read(path, start), frames_from(start)) for start in starts]
    found = [misplaced(x if isinstance(x, np.ndarray) else x.permute(0, 2, 3, 1).numpy(), n, truth) for x, n in clips]
    return round(float(np.mean(found)), 3)


def misplaced(found: np.ndarray, numbers: Sequence[int], truth: np.ndarray) -> float:
    """The share of frames that are nearer to another frame of the film than to the one that was asked for."""
    small = truth[:, ::8, ::8].astype(np.int16)
    near = [int(np.abs(small - frame[::8, ::8]).mean((1, 2, 3)).argmin()) for frame in found]
    # still pictures: of equal frames any is right
    return float(np.mean([(small[a] != small[b]).any() for a, b in zip(near, numbers, strict=True)]))
