"""`vggx linear` as a user types it: of weights, of a net as it is drawn; and words that are wrong, by name."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from vggx.net import VGG

DATA = ["modality=image", "modality.data.size=16", "modality.data.num_workers=0", "modality.net.plan=micro"]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twelve coloured pictures of each of two classes, and one that is none."""
    root = tmp_path / "photos = [two]"
    draw = np.random.default_rng(0)
    for name, level in {"dark": 0, "bright": 150}.items():
        (root / name).mkdir(parents=True)
        for number in range(12):
            Image.fromarray(draw.integers(level, level + 90, (20, 24, 3), np.uint8)).save(root / name / f"{number}.png")
    (root / "dark" / "nothing.png").write_bytes(b"")
    return root


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A net of a thousand classes, as a state dict with the names of vggx."""
    torch.manual_seed(0)
    net = VGG((3, 16, 16), 1000, plan="micro", norm="none", head="fc", width=0.5)
    torch.save(net.state_dict(), tmp_path / "thousand.pt")
    return tmp_path / "thousand.pt"


def test_of_weights_of_a_thousand_classes(vggx: Any, photos: Path, weights: Path) -> None:
    words = [f"modality.data.root={photos}", f"weights={weights}", "output=found here", "modality.data.bad_limit=0.5"]
    answer = vggx("linear", *DATA, *words, "scales=[16,24]", "combine=stack", "C=[1,10]", "seed=3")
    assert answer.code == 0, answer.err
    assert "C, by 5 folds of" in answer.out
    assert "thousand.pt" in answer.out
    assert "1 unreadable files were left out" in answer.out
    found = json.loads(Path("found here/linear_test.json").read_text())
    assert (found["classes"], found["layer"], found["width"]) == (["bright", "dark"], "fc7", 128)
    assert (found["scales"], found["flip"], found["combine"], found["seed"]) == ([16, 24], True, "stack", 3)
    assert found["accuracy"] == 1.0
    report = Path("found here/linear_test_report.csv").read_text().splitlines()
    assert [line.partition(",")[0] for line in report] == ["class", "bright", "dark"]


def test_every_job_of_a_sweep_writes_files_of_its_own(vggx: Any, photos: Path) -> None:
    words = [f"modality.data.root={photos}", "output=both", "modality.data.bad_limit=0.5", "C=1", "flip=false"]
    answer = vggx("linear", "-m", *DATA, *words, "modality.data.split_seed=0,1", "train_per_class=4")
    assert answer.code == 0, answer.err
    assert {path.name for path in Path("both").glob("*.json")} == {"linear-0_test.json", "linear-1_test.json"}
    assert json.loads(Path("both/linear-1_test.json").read_text())["net"] == "drawn"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "output=FOLDER is required where there is no run to write into"),
        (["output=x", "split=train"], "split must be one of val, test, not 'train'"),
        (["output=x", "scales=[big]"], "scales must be whole numbers of pixels, 1 or more"),
        (["output=x", "flip=yes"], "flip must be true or false, not yes"),
        (["output=x", "combine=max"], "combine must be one of average, stack, not 'max'"),
        (["output=x", "C=ten"], "C must be positive numbers, such as [0.1,1,10], not ten"),
        (
            ["output=x", "train_per_class=0"],
            "train_per_class must be a whole number of files of each class, 1 or more, not 0",
        ),
        (
            ["output=x", "judged_per_class=all"],
            "judged_per_class must be a whole number of files of each class, 1 or more, not all",
        ),
        (["output=x", "weights=nowhere.pt"], "nowhere.pt"),
    ],
)
def test_a_wrong_word_is_named(vggx: Any, photos: Path, words: list[str], message: str) -> None:
    answer = vggx("linear", *DATA, f"modality.data.root={photos}", *words)
    assert answer.code == 1
    assert message in answer.err
    assert "Traceback" not in answer.err
    assert not Path("x").exists()


def test_sound_has_no_scales(vggx: Any) -> None:
    answer = vggx("linear", "modality=audio", "output=x", "scales=[256]", "modality.data.num_workers=0")
    assert "scales=[256]: sound has no pixels to scale, mirror or crop" in answer.err


def test_a_run_and_weights_are_two_nets(vggx: Any, photos: Path) -> None:
    quick = ["trainer.max_epochs=1", "logger=none", "modality.data.bad_limit=0.5", "modality.net.head=pooled"]
    assert vggx("train", *DATA, f"modality.data.root={photos}", *quick).code == 0
    (run,) = Path("runs/image").iterdir()
    both = vggx("linear", f"run={run}", "weights=x.pt")
    assert "run=... and weights=... are two nets: give one of them" in both.err
    alone = vggx("linear", f"run={run}", "C=1", "modality.data.num_workers=0")
    assert alone.code == 0, alone.err
    assert json.loads((run / "linear_test.json").read_text())["net"] == str(run)
    other = vggx("linear", f"run={run}", "C=1", "modality.data.size=32")
    assert "modality.data.size=32: the net of" in other.err
