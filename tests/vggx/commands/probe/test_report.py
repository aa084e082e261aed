"""vggx.commands.probe.report: what is shown and drawn are the figures, missing ones too."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from matplotlib.figure import Figure

from vggx.commands.probe import report


def found(**changes: Any) -> dict[str, Any]:
    figures = {"factor": None, "std_after": 0.5, "dead": 0.25, "weight_norm": 2.0, "grad_norm": 0.5, "ratio": 4.0}
    spreads = {"conv1_1": (10.0, 1e-6), "conv1_2": (0.0, None), "fc8": (1e-3, 1e-2)}
    return {
        **{"modality": "image", "plan": "D", "dims": 2, "norm": "none", "init": "glorot", "weights": None},
        **{"input": "photos/$x$: 1000 classes", "samples": 64, "classes": 1000, "ln_classes": 6.9078},
        **{"loss": 7.25, "logits_std": 0.125, "block_rates": [0.0253, 1.0], "signs": [], "bad_files": {}},
        "layers": [
            {"layer": name, "part": "block1", "std": std, "grad_std": grad, **figures}
            for name, (std, grad) in spreads.items()
        ],
        "parts": [{"part": "block1", "weight_norm": 2.0, "grad_norm": 0.5, "ratio": 4.0, "rate": 0.0253}],
        **changes,
    }


def test_the_rates_are_a_word_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    report.show(found())
    said = capsys.readouterr().out
    word = next(line for line in said.splitlines() if "block_rates" in line).split(": ")[1]
    assert OverridesParser.create().parse_override(word).value() == [0.0253, 1]
    assert "loss 7.25, ln 1000 = 6.908; standard deviation of the logits 0.125" in said
    assert "image, plan D in dims 2, init glorot, 64 samples of photos/$x$: 1000 classes" in said
    assert "warning" not in said


def test_what_is_wrong_stands_last(capsys: pytest.CaptureFixture[str]) -> None:
    report.show(found(signs=["vanishes: ..."], bad_files={"a.png": "a.png: is empty"}, block_rates=None, loss=None))
    said = capsys.readouterr().out
    assert said.endswith("skipped: a.png: is empty\nwarning: vanishes: ...\n")
    assert "block_rates" not in said
    assert "loss -, ln 1000" in said


def test_the_picture_has_every_layer_on_axes_of_logarithms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Figure] = []
    save = report.save

    def kept(figure: Figure, path: Path) -> None:
        figures.append(figure)
        save(figure, path)

    monkeypatch.setattr(report, "save", kept)
    report.picture(found(), tmp_path / "probe.png")
    assert (tmp_path / "probe.png").stat().st_size > 5000
    values, gradients = figures[0].axes
    assert [axes.get_yscale() for axes in (values, gradients)] == ["log", "log"]
    np.testing.assert_array_equal(values.lines[0].get_ydata(), [10, np.nan, 1e-3])
    np.testing.assert_array_equal(gradients.lines[0].get_ydata(), [1e-6, np.nan, 1e-2])
    assert [label.get_text() for label in gradients.get_xticklabels()] == ["conv1_1", "conv1_2", "fc8"]
    assert values.get_ylim()[1] / values.get_ylim()[0] == pytest.approx(1.3**2 * 1e4)
    assert "photos/$x$" in figures[0].get_suptitle()


def test_layers_that_are_alike_look_it() -> None:
    assert report.reach([1.0, float("nan"), 1.0]) == pytest.approx((0.1, 10))
    assert report.reach([float("nan")]) is None
