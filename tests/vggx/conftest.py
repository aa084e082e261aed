"""The command, called in this process as its entry point is."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from vggx.cli import main


class Answer(NamedTuple):
    code: int
    out: str
    err: str


Vggx = Callable[..., Answer]


@pytest.fixture
def vggx(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Vggx:
    """vggx("train", "modality=image", ...) in an empty folder -> its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["vggx", *words])
        code = main()
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return call
