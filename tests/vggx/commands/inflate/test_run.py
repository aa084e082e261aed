"""vggx inflate, and the nets it makes in train and predict, as they are called from a shell."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from tests.vggx.published import published
from vggx.weights.source import read_weights

SMALL = ("modality=video", "modality.data.size=32")
QUICK = ("trainer.max_epochs=1", "trainer.limit_train_batches=2", "trainer.limit_val_batches=1", "recipe.lr=0.001")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "vgg 11, of ours.pth"  # a name that Hydra's grammar would take apart
    published(path)
    return path


def test_a_file_becomes_a_net_and_a_report(vggx: Any, source: Path, tmp_path: Path) -> None:
    answer = vggx("inflate", f"source={source}", "target=clips.safetensors", *SMALL)
    assert answer.code == 0, answer.err
    assert "features.0" in answer.out
    assert "conv5_2" in answer.out
    assert "block5" in answer.out
    assert "100% of the top classes agree" in answer.out
    assert "input of the source: imagenet, assumed" in answer.out
    report = json.loads((tmp_path / "clips.safetensors.report.json").read_text())
    assert {"source", "layers", "proof"} <= set(report)
    assert set(report["proof"]["max_relative_error"]["block1"]) == {"first", "middle", "last"}


def test_options_of_the_net_are_its_own(vggx: Any, source: Path, tmp_path: Path) -> None:
    words = ("modality.net.time_padding=replicate", "modality.data.frames=17", "init=mean")
    answer = vggx("inflate", f"source={source}", "target=clips.safetensors", *SMALL, *words)
    assert answer.code == 0, answer.err
    with safe_open(tmp_path / "clips.safetensors", "pt") as file:
        card = json.loads(file.metadata()["card"])
    assert (card["net"]["time_padding"], card["data"]["frames"], card["weights"]["init"]) == ("replicate", 17, "mean")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["modality=video"], "source=... is required"),
        (["source=a.pth", "modality=video"], "target=... is required"),
        (["source=a.pth", "target=b.safetensors"], "modality=... is required"),
        (["source=a.pth", "target=b.safetensors", "modality=video"], "a.pth does not exist"),
        (["source=a.pth", "target=b.pth", "modality=video"], "target=b.pth must be a file that ends in .safetensors"),
        (["source=a.pth", "target=b.safetensors", "modality=video", "overwrite=2"], "overwrite must be true or false"),
        (["source=a.pth", "target=b.safetensors", "modality=video", "int=mean"], "did you mean init?"),
    ],
)
def test_a_mistake_is_named(vggx: Any, words: list[str], message: str) -> None:
    answer = vggx("inflate", *words)
    assert answer.code != 0
    assert message in answer.err


def test_a_mistake_about_the_source_is_named(vggx: Any, source: Path, tmp_path: Path) -> None:
    given = (f"source={source}", "target=clips.safetensors")
    for words, message in {
        (*SMALL, "modality.net.plan=vgg19"): "modality.net.plan=vgg19: the weights are of plan A (vgg11)",
        (*SMALL, "convention=bgr"): "convention must be one of imagenet, caffe, not 'bgr'",
        (*SMALL, "classes=[a,a]"): "classes must be one or more different names",
        (*SMALL, "classes=cat"): "classes must be a number or a list of names",
        (*SMALL, "allow_fresh=block4"): "allow_fresh must be a list of names",
        (*SMALL, "modality.net.grid=[1,2,2]"): "fc6 ((512, 64, 7, 7) does not become (512, 64, 1, 2, 2))",
        ("modality=audio",): "conv1_1 (it reads 64 channels, the source's reads 3)",
    }.items():
        answer = vggx("inflate", *given, *words)
        assert (answer.code, message in answer.err) == (1, True), answer.err
        assert "Traceback" not in answer.err
    assert not list(tmp_path.glob("clips*"))


def test_a_pickle_that_holds_code_is_refused(vggx: Any, tmp_path: Path) -> None:
    path = tmp_path / "whole.pth"
    torch.save(torch.nn.Conv2d(3, 4, 3), path)
    answer = vggx("inflate", f"source={path}", "target=clips.safetensors", *SMALL)
    assert answer.code == 1
    assert "whole.pth" in answer.err
    assert "torch.nn.modules.conv.Conv2d" in answer.err
    assert "Traceback" not in answer.err


def test_a_sweep_numbers_its_targets(vggx: Any, source: Path, tmp_path: Path) -> None:
    answer = vggx(
        "inflate", "-m", f"source={source}".replace(",", "\\,"), "target=c.safetensors", *SMALL, "init=center,mean"
    )
    assert answer.code == 0, answer.err
    inits = []
    for path in sorted(tmp_path.glob("c*.safetensors")):
        with safe_open(path, "pt") as file:
            inits.append(file.metadata()["init"])
    assert inits == ["center", "mean"]


def test_an_inflated_net_predicts_as_it_is(vggx: Any, source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clip"
    folder.mkdir()
    draw = np.random.default_rng(0)
    for number in range(20):
        Image.fromarray(draw.integers(0, 256, (40, 48, 3), dtype=np.uint8)).save(folder / f"{number:03d}.png")
    names = ",".join(f"n{number}" for number in range(10))
    answer = vggx("inflate", f"source={source}", "target=images.safetensors", "modality=image", f"classes=[{names}]")
    assert answer.code == 0, answer.err
    answer = vggx(
        "predict",
        "weights=images.safetensors",
        f"inputs={folder / '000.png'}",
        "format=json",
        "top=10",
        "output=o.json",
    )
    assert answer.code == 0, answer.err
    (row,) = json.loads((tmp_path / "o.json").read_text())
    assert sorted(row["classes"]) == sorted(names.split(","))
    assert sum(row["scores"]) == pytest.approx(1, abs=1e-4)
    assert vggx("predict", "run=a", "weights=b", "inputs=c").code == 1
    answer = vggx("predict", f"weights={source}", "inputs=c")
    assert (answer.code, "is no net of vggx" in answer.err, "vggx inflate" in answer.err) == (1, True, True)


def test_training_begins_with_the_weights(vggx: Any, source: Path, tmp_path: Path) -> None:
    """The embedded clips, at the size of the inflated net, with its plan, head, grid and normalisation."""
    assert vggx("inflate", f"source={source}", "target=clips.safetensors", *SMALL).code == 0
    answer = vggx("train", "modality=video", "weights=clips.safetensors", *QUICK, "recipe.lr=1e-9", "logger=none")
    assert answer.code == 0, answer.err
    assert "weights: clips.safetensors: 10 layers copied, 1 fresh (fc8)" in answer.out
    (run,) = (tmp_path / "runs/video").iterdir()
    summary = json.loads((run / "summary.json").read_text())
    assert summary["weights"]["fresh"] == ["fc8"]
    assert summary["input_shape"] == [3, 16, 32, 32]
    card = json.loads((run / "net.json").read_text())
    assert (card["plan"], card["net"]["width"], card["net"]["head"], card["grid"]) == ("A", 0.125, "fc", [1, 7, 7])
    assert card["net"]["normalize"] == "imagenet"
    report = json.loads((run / "weights.report.json").read_text())
    assert {row["target"]: row["result"] for row in report["layers"]}["fc8"] == "fresh"
    before, after = read_weights(str(tmp_path / "clips.safetensors")), read_weights(str(run))
    for name, value in before.state.items():  # a rate of a billionth moves nothing that can be seen
        if not name.startswith("fc8"):
            torch.testing.assert_close(after.state[name], value, rtol=0, atol=1e-6)


@pytest.mark.parametrize("modality", ["image", "audio"])
def test_training_takes_a_published_file_as_it_is(vggx: Any, source: Path, tmp_path: Path, modality: str) -> None:
    words = ["modality.net.frequency=pooled"] if modality == "audio" else []
    answer = vggx("train", f"modality={modality}", f"weights={source}", *QUICK, *words, "logger=none")
    assert answer.code == 0, answer.err
    assert "10 layers copied, 1 fresh (fc8)" in answer.out
    assert "(input: imagenet, assumed)" in answer.out
    (run,) = (tmp_path / f"runs/{modality}").iterdir()
    card = json.loads((run / "net.json").read_text())
    assert (card["plan"], card["net"]["norm"], card["net"]["head"]) == ("A", "none", "fc")
    if modality == "image":
        assert (card["data"]["channels"], card["grid"]) == (3, [7, 7])


def test_what_the_user_says_wins_over_the_weights(vggx: Any, source: Path, tmp_path: Path) -> None:
    words = ("modality.net.head=pooled", "modality.net.normalize=dataset", "modality.data.channels=1")
    answer = vggx("train", "modality=image", f"weights={source}", *QUICK, *words, "logger=none")
    assert answer.code == 0, answer.err
    (run,) = (tmp_path / "runs/image").iterdir()
    net = json.loads((run / "net.json").read_text())["net"]
    assert (net["head"], net["plan"], net["normalize"], len(net["mean"])) == ("pooled", "A", "dataset", 1)
    rules = {row["target"]: row["rule"] for row in json.loads((run / "weights.report.json").read_text())["layers"]}
    assert rules["conv1_1"] == "sum over RGB"


def test_training_refuses_what_would_stay_fresh(vggx: Any, source: Path, tmp_path: Path) -> None:
    words = ("modality=image", f"weights={source}", "modality.net.grid=[2,2]", *QUICK)
    answer = vggx("train", *words)
    assert answer.code == 1
    assert "allow_fresh=[fc6]" in answer.err
    assert not (tmp_path / "runs").exists()
    answer = vggx("train", *words, "allow_fresh=[fc6]", "logger=none")
    assert answer.code == 0, answer.err


def test_a_resumed_run_does_without_the_file(vggx: Any, source: Path, tmp_path: Path) -> None:
    words = ("modality=image", f"weights={source}", *QUICK, "logger=none")
    assert vggx("train", *words).code == 0
    (run,) = (tmp_path / "runs/image").iterdir()
    answer = vggx("train", f"resume={run}", f"weights={source}")
    assert (answer.code, "goes on with the weights that it has" in answer.err) == (1, True)
    source.unlink()
    answer = vggx("train", f"resume={run}", "trainer.max_epochs=2")
    assert answer.code == 0, answer.err
    assert json.loads((run / "summary.json").read_text())["weights"]["fresh"] == ["fc8"]
    assert json.loads((run / "net.json").read_text())["weights"]["fresh"] == ["fc8"]
