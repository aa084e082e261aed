"""`vggx benchmark` as a user types it."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from vggx.cost.speed import ceiling

SMALL = (
    "modality=audio", "modality.net.plan=micro4", "modality.net.head=pooled", "classes=10", "modes=infer",
    "batch_sizes=2", "repeats=1", "seconds=0.001",
)  # fmt: skip


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device's ceilings from small matrices; the size that a CPU is measured by takes seconds a product."""
    monkeypatch.setattr(ceiling, "SIDES", {"cpu": 256})
    monkeypatch.setattr(ceiling, "COPIED", {"cpu": 2**20})


def test_rows_and_pictures(vggx: Any, tmp_path: Path) -> None:
    done = vggx("benchmark", *SMALL, "precision=[32-true,bf16-mixed]", "format=json", "output=speed.json", "plots=.")
    assert done.code == 0, done.err
    found = json.loads((tmp_path / "speed.json").read_text())
    assert [row["precision"] for row in found["rows"]] == ["32-true", "bf16-mixed"]
    assert found["rows"][0]["input_shape"] == [64, 101]
    for row in found["rows"]:
        assert row["mfu"] == pytest.approx(row["flops_per_second"] / row["device_flops_per_second"])
    assert (tmp_path / "speed.png").exists()
    assert (tmp_path / "roofline.png").exists()
    assert done.err.count("picture: ") == 2


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("compile=perhaps", "compile must be true, false or a list of them, not perhaps"),
        ("profile=3", "profile must be true or false, not 3"),
        ("batch_sizes=[1,two]", "batch_sizes must be whole numbers of samples, 1 or more, not [1, two]"),
        ("precision=fp8", "precision must be of 32-true, bf16-mixed, 16-mixed, not 'fp8'"),
        ("seconds=long", "seconds must be a positive number, not long"),
        ("modes=evaluate", "modes must be of train, infer, not 'evaluate'"),
        ("device=tpu9", "device=tpu9 is none of auto, cpu, cuda"),
        ("compare=vgg16", "a peer is written library:net"),
    ],
)
def test_a_wrong_word_is_named(vggx: Any, word: str, message: str) -> None:
    done = vggx("benchmark", *SMALL, word)
    assert done.code == 1
    assert message in done.err
    assert "Traceback" not in done.err


def test_a_table_is_no_file(vggx: Any) -> None:
    done = vggx("benchmark", *SMALL, "output=speed.csv")
    assert done.code == 1
    assert "format=json, csv or markdown" in done.err


def test_csv_has_a_row_for_each_way(vggx: Any, tmp_path: Path) -> None:
    done = vggx("benchmark", *SMALL, "format=csv", "output=speed.csv")
    assert done.code == 0, done.err
    (row,) = csv.DictReader((tmp_path / "speed.csv").open())
    assert float(row["samples_per_second"]) > 0
    assert row["setting"] == "32-true, channels_last"
