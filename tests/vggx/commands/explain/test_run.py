"""vggx explain, as it is called from a shell."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vggx.settings import modality_of
from vggx.weights import store


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A small net of images, saved as of a run, and pictures beside it."""
    net = {"plan": "micro", "norm": "batch", "head": "pooled", "mean": [0.5], "std": [0.3]}
    folder = tmp_path / "a run"
    modality = modality_of({"modality": "image", "net": net, "data": {"size": 16, "channels": 1}}, folder)
    built = modality.build(3).eval()
    store.save_net(folder, built, store.make_card(modality, built, ["1e3", "sea, calm", "[x]"]))
    (tmp_path / "photos").mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30), np.uint8)).save(tmp_path / "photos/a.png")
    (tmp_path / "photos/b.png").write_bytes(b"no image")
    return folder


@pytest.mark.parametrize("label", ["1e3", "sea, calm", "[x]"])
def test_a_class_is_taken_by_its_name_whatever_that_is(vggx: Any, run: Path, label: str, tmp_path: Path) -> None:
    answer = vggx("explain", f"run={run}", "inputs=photos", f"class={label}", "output=out [1], here")
    assert answer.code == 1  # b.png is no image
    assert "photos/b.png: is not a readable image" in answer.out
    assert "pictures, explain.json and explain.csv: out [1], here" in answer.out
    good, bad = json.loads((tmp_path / "out [1], here/explain.json").read_text())
    assert good["class"] == label
    assert Path(good["picture"]).read_bytes().startswith(b"\x89PNG")
    assert bad["error"].startswith("photos/b.png: is not a readable image")


def test_a_nets_file_alone_will_do(vggx: Any, run: Path, tmp_path: Path) -> None:
    words = (f"weights={run / store.WEIGHTS}", "inputs=[photos/a.png]", "how=gradcam", "layer=conv2_1", "size=64")
    answer = vggx("explain", *words, "output=out")
    assert answer.code == 0, answer.err
    (row,) = json.loads((tmp_path / "out/explain.json").read_text())
    assert 0 <= row["gradcam_x"] < 96
    assert f"gradcam x {row['gradcam_x']:.4g}, y {row['gradcam_y']:.4g}" in answer.out


def test_what_does_not_go_together_is_said(vggx: Any, run: Path) -> None:
    words = ("explain", f"run={run}", "inputs=photos", "output=out")
    assert "are two nets: give one of them" in vggx(*words, f"weights={run}").err
    assert "size must be a whole number of pixels, 1 or more, such as 384, not 2.5" in vggx(*words, "size=2.5").err
    assert "output=... is required" in vggx(*words[:3]).err
    assert "did you mean layer?" in vggx(*words, "laye=conv1_1").err
    assert not Path("out").exists()
