"""What `vggx benchmark` found, on the screen, in flat rows and in pictures."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vggx.commands.benchmark import plots, tables
from vggx.cost.speed.steps import Setting


def row(**more: Any) -> dict[str, Any]:
    known = {
        "modality": "image", "net": "vggx D", "peer": False, "input_shape": [3, 224, 224], "mode": "infer",
        "batch_size": 8, "precision": "32-true", "channels_last": True, "compile": False, "cuda_graphs": False,
        "flops": 30_940_528_640, "intensity": 80.0, "error": None, "samples_per_second": 6.5, "low": 6.0, "high": 7.0,
        "step_ms": 1230.0, "flops_per_second": 2e11, "device_flops_per_second": 2.5e11,
        "device_bytes_per_second": 3e10, "mfu": 0.8, "roofline_share": 0.85, "latency_ms": None,
        "peak_memory": None, "predicted_memory": None, "joules_per_sample": None, "warning": None,
        "against": [
            {"net": "torchvision:vgg16", "precision": "32-true", "low": 1.0, "median": 1.1, "high": 1.2},
            {"net": "timm:vgg16", "precision": "32-true", "low": 1.2, "median": 1.3, "high": 1.4},
        ],
    }  # fmt: skip
    return known | more


PEER = {"net": "torchvision:vgg16", "peer": True, "channels_last": False, "against": [], "roofline_share": None}


def found(*rows: dict[str, Any], profiles: Any = ()) -> dict[str, Any]:
    return {"device": "2 CPU cores", "rows": list(rows), "profiles": list(profiles)}


def test_the_screen_shows_a_table_for_each_comparison(capsys: pytest.CaptureFixture[str]) -> None:
    single = {"p50": 150.0, "p95": 160.0, "p99": 170.0}
    tables.show(found(row(), row(**PEER), row(batch_size=1, latency_ms=single, warning="too many values")))
    shown = capsys.readouterr().out
    assert "2 CPU cores, reached: 32-true: 250.0 GFLOP/s, 30.00 GB/s" in shown
    assert "image, infer, batch 8" in shown
    assert "32-true, channels_last" in shown
    assert "6.000 to 7.000" in shown
    assert "p95 ms" in shown.partition("batch 1")[2]
    assert "p95 ms" not in shown.partition("batch 1")[0]
    assert "peak memory" not in shown  # nobody has measured it
    assert "warning: too many values" in shown


def test_flat_rows_hold_single_values() -> None:
    (flat,) = tables.flat([row(latency_ms={"p50": 1.0, "p95": 2.0, "p99": 3.0})])
    assert flat["times"] == 1.1  # the first peer in this precision
    assert (flat["p50"], flat["p95"], flat["p99"]) == (1.0, 2.0, 3.0)
    assert not any(isinstance(value, dict) for value in flat.values())
    assert "against" not in flat


def test_a_row_that_did_not_fit_is_shown_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    empty = dict.fromkeys(("samples_per_second", "low", "high", "mfu", "against", "roofline_share"))
    tables.show(found(row(), row(**PEER | empty | {"error": "out of memory"})))
    assert "out of memory" in capsys.readouterr().out


def test_profiles_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    profile = {
        "net": "vggx D", "mode": "infer", "batch_size": 8, **vars(Setting(channels_last=True)),
        "kernels": [{"kernel": "sm90_xmma_fprop", "calls": 13, "ms": 5.0, "share": 0.9}],
        "layers": [{"layer": "head.fc6", "ms": 1.0, "share": 0.2}],
    }  # fmt: skip
    tables.show(found(row(), profiles=[profile]))
    shown = capsys.readouterr().out
    assert "sm90_xmma_fprop" in shown
    assert "head.fc6" in shown
    title = "vggx D, infer, batch 8, 32-true, channels_last: kernels"
    assert title in " ".join(shown.split())  # a narrow table breaks it


def test_pictures_of_rows_that_were_timed(tmp_path: Path) -> None:
    broken = row(**PEER | {"error": "out of memory", "low": None, "against": None, "samples_per_second": None})
    made = found(row(), row(**PEER), row(modality="audio", mode="train"), broken)
    plots.rates(made, tmp_path / "speed.png")
    plots.roofline(made, tmp_path / "roofline.png")
    for name in ("speed.png", "roofline.png"):
        assert (tmp_path / name).read_bytes()[:4] == b"\x89PNG"


def test_a_roofline_without_forward_passes_is_an_empty_frame(tmp_path: Path) -> None:
    plots.roofline(found(row(mode="train")), tmp_path / "empty.png")
    plots.roofline(found(row()), tmp_path / "full.png")
    empty, full = (np.asarray(Image.open(tmp_path / f"{name}.png").convert("L")) for name in ("empty", "full"))
    # nothing within the frame: no roof, no dots, no legend
    inside = [picture[150:-150, 150:-150] for picture in (empty, full)]
    assert [bool((part < 255).any()) for part in inside] == [False, True]
    assert (empty < 255).sum() > 1000
