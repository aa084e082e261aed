"""scikit-learn's handwritten digits, set in motion -> a folder of H.264 files; the class is the direction.

A net can only be right here by seeing motion. A *scene* is one digit, one start and one speed, and it is
filmed eight times, once in each direction, so the eight classes share their first frames to the last bit.
The start is uniform on a torus (what leaves at one edge enters at the other), so the place in any later
frame is uniform too: neither digit nor place nor an edge tells the class.
"""

from pathlib import Path

import av
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

# Name -> step (down, right), in units of the scene's speed.
DIRECTIONS = {
    "east": (0, 1),
    "north_east": (-1, 1),
    "north": (-1, 0),
    "north_west": (-1, -1),
    "west": (0, -1),
    "south_west": (1, -1),
    "south": (1, 0),
    "south_east": (1, 1),
}
SCENES = {"train": 80, "val": 20, "test": 20}  # eight videos each
SIZE = 32  # pixels; the digit takes the half, 16
FRAMES = 16
FPS = 10
SPEEDS = (1, 2, 3)  # whole pixels per frame: no blur to betray a step, and far below the ambiguous SIZE / 2


def write(folder: Path) -> None:
    """Write ``folder/{train,val,test}/{direction}/NNNN.mp4``: 32 x 32, grey, 16 frames at 10 fps.

    NNNN is the digit's index in the scikit-learn set; it names the same scene in all eight directions. No
    digit is in two splits. Files that are already there are overwritten.
    """
    scans, labels = load_digits().images, load_digits().target
    rng = np.random.default_rng(0)
    for name, indices in split(labels).items():
        for index in indices[: SCENES[name]]:
            scene, speed = place(scans[index], rng), rng.choice(SPEEDS)
            for direction, step in DIRECTIONS.items():
                path = folder / name / direction / f"{index:04d}.mp4"
                path.parent.mkdir(parents=True, exist_ok=True)
                encode(path, film(scene, speed * np.array(step)))


def split(labels: np.ndarray) -> dict[str, np.ndarray]:
    """Labels (N) -> the indices of train, val and test: 70 / 15 / 15 % of each class, always the same."""
    train, rest = train_test_split(np.arange(len(labels)), test_size=0.3, stratify=labels, random_state=0)
    val, test = train_test_split(rest, test_size=0.5, stratify=labels[rest], random_state=0)
    return {"train": train, "val": val, "test": test}


def place(scan: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(8, 8) ink in 0..16 -> (SIZE, SIZE) uint8: twice as large, white on black, anywhere on the torus."""
    canvas = np.zeros((SIZE, SIZE), np.uint8)
    canvas[:16, :16] = np.rint(scan * 255 / 16).repeat(2, axis=0).repeat(2, axis=1)
    return np.roll(canvas, rng.integers(SIZE, size=2), axis=(0, 1))


def film(scene: np.ndarray, step: np.ndarray) -> np.ndarray:
    """(H, W), step (down, right) in pixels per frame -> (FRAMES, H, W), the scene itself first."""
    return np.stack([np.roll(scene, t * step, axis=(0, 1)) for t in range(FRAMES)])


def encode(path: Path, frames: np.ndarray) -> None:
    """Write (T, H, W) uint8 grey as H.264 (yuv420p), a few grey levels from lossless.

    The quantiser is fixed (qp, not crf): rate control looks ahead, and would code the first frame a little
    differently for each direction that follows, which is a clue.
    """
    with av.open(str(path), "w") as container:
        options = {"qp": "8", "bf": "0", "preset": "veryfast"}
        stream = container.add_stream("libx264", rate=FPS, options=options)
        stream.height, stream.width = frames.shape[1:]
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1  # so small a picture is not worth starting threads for
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="gray")))
        container.mux(stream.encode())
