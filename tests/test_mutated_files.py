"""Two hundred damaged real files of each modality through training: no crash, no hang, each unreadable one named."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

COUNT = 200
GOOD = 24  # undamaged files of each class, so that there is something to train on

Damage = Callable[[bytearray, random.Random], bytearray]


def flip_anywhere(data: bytearray, draw: random.Random) -> bytearray:
    for _ in range(draw.choice([1, 10, 100])):
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return data


def spoil_header(data: bytearray, draw: random.Random) -> bytearray:
    for _ in range(draw.choice([1, 4, 16])):
        data[draw.randrange(min(len(data), 200))] = draw.choice([0, 255, draw.randrange(256)])
    return data


def spoil_end(data: bytearray, draw: random.Random) -> bytearray:
    """Where mp4 keeps its tables."""
    for _ in range(draw.choice([1, 4, 16])):
        data[-1 - draw.randrange(min(len(data), 2000))] = draw.choice([0, 255, draw.randrange(256)])
    return data


def cut(data: bytearray, draw: random.Random) -> bytearray:
    return data[: draw.choice([0, 1, 20, 44, 100, len(data) // 2, len(data) - 1])]


def blank(data: bytearray, draw: random.Random) -> bytearray:
    start = draw.randrange(len(data))
    length = min(draw.choice([16, 512, 4096]), len(data) - start)
    data[start : start + length] = bytes(length)
    return data


def twice(data: bytearray, draw: random.Random) -> bytearray:
    start = draw.randrange(len(data))
    return data[:start] + data[start : start + 300] + data[start:]


def noise(data: bytearray, draw: random.Random) -> bytearray:
    return bytearray(draw.randbytes(len(data) // 4))


DAMAGES: list[Damage] = [flip_anywhere, spoil_header, spoil_end, cut, blank, twice, noise]

SOURCES = {
    "image": "fashion_mnist/folder_small/train/*/*.png",
    "video": "fight_surv/*/*.mp4",
    "audio": "fsdd/recordings/*.wav",
}
MEDIA = {"image": [], "video": ["media/video/*"], "audio": ["media/audio/*"]}
WORDS = {
    "image": ["data.size=28", "data.resize=28", "data.channels=1", "net.normalize=dataset"],
    "video": ["data.frames=4", "data.size=32", "data.resize=32", "net.normalize=none"],
    "audio": ["data.seconds=0.5", "data.sample_rate=8000", "net.n_fft=256", "net.hop=80", "net.mels=40"],
}


def damaged_set(modality: str, shared: Path, root: Path) -> set[Path]:
    """Undamaged files of two classes, and `COUNT` damaged ones shared out among them and both splits."""
    draw = random.Random(7)
    files = draw.sample(sorted(shared.glob(SOURCES[modality])), 4 * GOOD)
    others = [path for pattern in MEDIA[modality] for path in sorted(shared.glob(pattern))]
    made = set()
    for number, path in enumerate(files):
        split = "train" if number < 3 * GOOD else "val"
        place = root / split / "ab"[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"good{number}{path.suffix}").write_bytes(path.read_bytes())
    for number in range(COUNT):
        path = draw.choice([*files, *others, *others, *others])
        damage = DAMAGES[number % len(DAMAGES)]
        target = root / draw.choice(["train", "val"]) / draw.choice("ab") / f"{damage.__name__}{number}{path.suffix}"
        target.write_bytes(damage(bytearray(path.read_bytes()), draw))
        made.add(target)
    return made


@pytest.mark.parametrize("modality", list(SOURCES))
def test_damaged_files_are_survived_and_named(modality: str, shared_data: Path, tmp_path: Path) -> None:
    damaged = damaged_set(modality, shared_data, tmp_path / "data")
    words = [
        f"modality={modality}",
        f"modality.data.root={tmp_path / 'data'}",
        f"runs={tmp_path / 'runs'}",
        "logger=none",
        "trainer.max_epochs=2",
        "modality.data.bad_limit=1.0",
        "modality.data.num_workers=2",
        "modality.data.batch_size=16",
        "modality.net.head=pooled",
        "modality.net.plan=micro",
        *(f"modality.{word}" for word in WORDS[modality]),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "vggx", "train", *words],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "VGGX_CACHE": str(tmp_path / "cache")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    run = Path(done.stdout.rstrip().splitlines()[-1].removeprefix("run: "))
    named = {Path(bad["path"]): bad["reason"] for bad in json.loads((run / "summary.json").read_text())["bad_files"]}
    assert set(named) <= damaged
    for path, reason in named.items():
        assert str(path) in reason
        assert reason.strip() != str(path)
    # what holds nothing but noise, or nothing, no decoder can have taken for a file
    hopeless = {path for path in damaged if path.name.startswith("noise") or path.stat().st_size < 20}
    assert len(hopeless) > 25
    assert hopeless <= set(named)
    # and files that are merely scratched are trained on
    assert len(named) < COUNT
