"""vggx predict whole=true, as it is called from a shell."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from vggx.settings import modality_of
from vggx.weights import store


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A small net of sound, saved as of a run, and a file of five seconds beside it."""
    net = {"plan": "micro", "norm": "batch", "head": "pooled", "n_fft": 256, "hop": 80, "mels": 40}
    data = {"sample_rate": 8000, "seconds": 1.0, "clips": 1, "channels": "mix"}
    folder = tmp_path / "run"
    modality = modality_of({"modality": "audio", "net": net, "data": data}, folder)
    built = modality.build(2).eval()
    store.save_net(folder, built, store.make_card(modality, built, ["low", "high"]))
    soundfile.write(tmp_path / "a.wav", np.random.default_rng(0).normal(0, 0.1, 40_000), 8000)
    return folder


def test_scores_along_time_go_where_the_words_say(vggx: Any, run: Path, tmp_path: Path) -> None:
    words = (f"run={run}", "inputs=[a.wav,no.wav]", "whole=true", "frame_scores=out [1], here", "format=csv")
    answer = vggx("predict", *words)
    assert answer.code == 1  # there is no no.wav
    good, bad = csv.DictReader(io.StringIO(answer.out))
    assert good["frame_scores"] == str(Path("out [1], here/a.csv"))
    assert (bad["frame_scores"], bad["error"]) == ("", "no.wav: does not exist")
    assert len((tmp_path / good["frame_scores"]).read_text().splitlines()) == 1 + 501 // 8
    assert (tmp_path / "out [1], here/a.txt").read_text().startswith("0.000000\t")


def test_what_does_not_go_together_is_said(vggx: Any, run: Path) -> None:
    assert "whole must be true or false, not 2" in vggx("predict", f"run={run}", "inputs=a.wav", "whole=2").err
    answer = vggx("predict", f"run={run}", "inputs=a.wav", "frame_scores=out")
    assert "frame_scores=out goes with whole=true" in answer.err


def test_markdown_has_a_column_for_each_place(vggx: Any, run: Path) -> None:
    answer = vggx("predict", f"run={run}", "inputs=a.wav", "top=1", "format=markdown", "output=found.md")
    assert (answer.code, answer.out) == (0, "")
    head, _, line = Path("found.md").read_text().splitlines()
    assert head == "| path | class_1 | score_1 | error |"
    assert line.startswith(("| a.wav | low | 0.", "| a.wav | high | 0."))
    assert "top must be a whole number of classes, 1 or more, not abc" in vggx(
        "predict", f"run={run}", "inputs=a.wav", "top=abc"
    ).err  # fmt: skip
