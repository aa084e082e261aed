"""`vggx summary` as a user types it, after a sweep over folds and seeds."""

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

QUICK = ["trainer.max_epochs=1", "logger=none", "modality.data.num_workers=0", "modality.data.size=16"]
NET = ["modality=image", "modality.net.plan=micro", "modality.net.head=pooled", "modality.net.normalize=dataset"]


def test_a_sweep_over_folds_becomes_one_line(vggx: Any, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    rows = ["path,label,fold"]
    for number in range(24):
        picture = draw.integers(0, 120, (16, 16), np.uint8) + 120 * (number % 2)
        Image.fromarray(picture.astype(np.uint8)).save(tmp_path / f"{number}.png")
        rows.append(f"{number}.png,{('dark', 'bright')[number % 2]},{1 + number // 8}")
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    data = [f"modality.data.root={tmp_path}", "modality.data.channels=1"]
    swept = vggx("train", "-m", *NET, *QUICK, *data, "modality.data.fold=1,2", "seed=0,1")
    assert swept.code == 0, swept.err
    runs = sorted(Path("runs/image").iterdir())
    accuracies = [json.loads((run / "summary.json").read_text())["test_accuracy"] for run in runs]
    assert len(runs) == 4

    found = json.loads(vggx("summary", "runs=runs", "format=json").out)
    (group,) = found["groups"]
    assert (group["runs"], group["folds"], group["seeds"]) == (4, 2, 2)
    assert group["mean"] == pytest.approx(np.mean(accuracies))
    assert group["sd"] == pytest.approx(np.std(accuracies, ddof=1))

    table = vggx("summary", f"runs=[{','.join(map(str, runs[:2]))}]")
    assert table.code == 0, table.err
    assert table.out.count("test") == 3  # two runs and a group
    assert "note: an interval over fewer than 10 runs is coarse" in table.out

    shutil.copytree(runs[0], "runs/image/killed")
    Path("runs/image/killed/summary.json").unlink()
    answer = vggx("summary", "runs=runs/image", "format=csv")
    lines = list(csv.DictReader(io.StringIO(answer.out)))
    assert [line["modality.data.fold"] for line in lines] == ["1", "1", "2", "2"]
    assert "left out: runs/image/killed: it did not end" in answer.err
    assert vggx("summary", "runs=runs", "format=markdown", "output=found.md").code == 0
    page = Path("found.md").read_text()
    assert page.count("\n| --- |") == 2
    assert "- an interval over fewer than 10 runs is coarse" in page


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([], 2, "runs=... is required"),
        (["runs=none"], 1, "runs: none is not a folder"),
        (["runs=."], 1, "runs: no folder below . is a run"),
        (["runs=[]"], 1, "runs is empty: give run folders"),
        (["runs=.", "format=xml"], 1, "format must be one of table, json, csv, markdown, not 'xml'"),
        (["runs=.", "output=x.md"], 1, "output=FILE goes with format=json, csv or markdown"),
        (["runs=.", "fold=1"], 2, "there is no key 'fold'"),
    ],
)
def test_a_wrong_word_is_named(vggx: Any, words: list[str], code: int, message: str) -> None:
    answer = vggx("summary", *words)
    assert answer.code == code
    assert message in answer.err
    assert "Traceback" not in answer.err
