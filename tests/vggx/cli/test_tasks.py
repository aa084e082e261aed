"""task=tag and task=regress as a user types them: what the run folder keeps is what later commands go by."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

SMALL = (
    "modality=image", "modality.data.size=16", "modality.data.resize=16", "modality.data.channels=1", "logger=none",
    "modality.data.num_workers=0", "modality.data.batch_size=8", "modality.net.plan=micro", "modality.net.head=pooled",
    "modality.net.normalize=dataset", "trainer.max_epochs=1", "recipe.lr=0.01",
)  # fmt: skip


@pytest.fixture(scope="module")
def grey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("grey")
    draw = np.random.default_rng(0)
    lines = ["path,label,bright,split"]
    for number in range(24):
        value = int(draw.integers(0, 256))
        Image.fromarray((draw.integers(0, 30, (16, 16)) + value * 0.8).astype(np.uint8)).save(root / f"{number}.png")
        labels = ";".join(["low"] * (value < 160) + ["high"] * (value > 90))
        lines.append(f"{number}.png,{labels},{value},{('train', 'train', 'val', 'test')[number % 4]}")
    (root / "labels.csv").write_text("\n".join(lines) + "\n")
    return root


@pytest.mark.parametrize(
    ("words", "kept", "columns"),
    [
        (["task=tag"], {"name": "tag"}, ["path", "labels", "score_high", "score_low", "error"]),
        (
            ["task=regress", "task.loss=huber", "modality.data.label_columns=[bright]"],
            {"name": "regress", "loss": "huber"},
            ["path", "bright", "error"],
        ),
    ],
)
def test_from_training_to_a_table(
    vggx: Any, grey: Path, tmp_path: Path, words: list[str], kept: dict[str, str], columns: list[str]
) -> None:
    root = f"modality.data.root={grey}"
    done = vggx("train", *SMALL, *words, root, f"runs={tmp_path}")
    assert done.code == 0, done.err
    (run,) = (tmp_path / "image").iterdir()
    assert yaml.safe_load((run / "config.yaml").read_text())["task"] == kept
    done = vggx("train", f"resume={run}", "trainer.max_epochs=2")
    assert "epoch 2/2" in done.out
    assert vggx("evaluate", f"run={run}").code == 0
    done = vggx("predict", f"run={run}", f"inputs={grey / '0.png'}", "format=csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [list(row) for row in rows] == [columns]
    done = vggx("probe", f"run={run}")
    assert done.code != 0
    assert f"task={kept['name']}: vggx probe judges classes" in done.err


def test_a_task_that_is_none(vggx: Any, grey: Path) -> None:
    done = vggx("train", *SMALL, f"modality.data.root={grey}", "task=guess")
    assert done.code != 0
    assert "task" in done.err
    assert "classify" in done.err


def test_labels_that_look_joined_are_pointed_out(vggx: Any, grey: Path) -> None:
    done = vggx("data", "stats", "modality=image", f"modality.data.root={grey}", "measure=false")
    assert done.code == 0, done.err
    assert "note: labels such as 'low;high' look like several joined: task=tag takes them apart" in done.out
