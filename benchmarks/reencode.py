"""What `vggx data reencode` is worth: clips a second of long films and of short ones, before and after.

    python benchmarks/reencode.py --data FOLDER

Long films are real clips of FOLDER/media/video one after the other, four orders of them, encoded as the web has them:
H.264, a keyframe every 250 frames. Short ones are FOLDER/fight_surv. Prints a table and writes
benchmarks/results/reencode.json.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import torch
from omegaconf import OmegaConf

from vggx import configs, files, settings
from vggx.commands.data_reencode.reencode import reencode
from vggx.report.tables import show

RESULTS = Path(__file__).parent / "results"
CLIPS = ("decord__flipping_a_pancake.mkv", "mmaction2__demo.mp4", "C3D__v_ApplyEyeMakeup_g01_c01.avi")
ORDERS = {"a/1": (0, 1, 2), "a/2": (1, 2, 0), "b/1": (2, 0, 1), "b/2": (2, 1, 0)}  # names: class and film
SIZES = ((426, 240), (640, 360), (1280, 720))
SHORT_SIDES = (256, 128)


def long_films(media: Path, root: Path, width: int, height: int) -> None:
    for name, order in ORDERS.items():
        path = root / f"{name}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=25, options={"crf": "23", "x264-params": "keyint=250"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for number, frame in enumerate(frame for clip in order for frame in frames(media / CLIPS[clip])):
                scaled = frame.reformat(width, height, "yuv420p", interpolation="BICUBIC").to_ndarray()
                picture = av.VideoFrame.from_ndarray(scaled, format="yuv420p")
                picture.pts, picture.time_base = number, Fraction(1, 25)
                container.mux(stream.encode(picture))
            container.mux(stream.encode())


def frames(path: Path) -> Iterator[Any]:
    with av.open(str(path)) as container:
        yield from container.decode(video=0)


def rows(name: str, root: Path, target: Path) -> Iterator[dict[str, Any]]:
    for short_side in SHORT_SIDES:
        packaged = configs.load("modality/video")
        packaged.data.root = str(root)
        made = settings.resolve(OmegaConf.create({"modality": packaged}))
        report = reencode(made, target / str(short_side), short_side=short_side)
        totals, gain = report["totals"], report["gain"]
        yield {
            "films": name,
            "files": totals["files"],
            "frames": totals["frames"],
            "short_side": short_side,
            "bytes": round(totals["bytes_after"] / totals["bytes_before"], 2),
            "ms_per_clip_before": round(1000 / gain["before"], 1),
            "ms_per_clip_after": round(1000 / gain["after"], 1),
            "ratio": round(gain["ratio"], 2),
            "encoded_frames_per_second": round(totals["frames"] / totals["encode_seconds"]),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the real data sets")
    parser.add_argument("--output", type=Path, default=RESULTS / "reencode.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for width, height in SIZES:
            root = Path(folder) / f"{width} x {height}"
            long_films(options.data / "media/video", root, width, height)
            found += rows(f"long, {width} x {height}", root, Path(folder) / f"{height} anew")
        found += rows("fight_surv", options.data / "fight_surv", Path(folder) / "fights anew")
    show(found)
    machine = f"{os.cpu_count()} CPU cores, {platform.machine()}"
    versions = {"python": platform.python_version(), "av": av.__version__, "torch": torch.__version__}
    how = {"machine": machine, "versions": versions, "command": "python benchmarks/reencode.py --data FOLDER"}
    files.write_json(options.output, {**how, "rows": found})
    print(f"written to {options.output}")


if __name__ == "__main__":
    main()
