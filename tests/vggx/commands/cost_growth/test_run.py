"""`vggx cost growth`, as it is called."""

import csv
import io
import json
from typing import Any

import pytest


def test_growth_in_every_format(vggx: Any) -> None:
    words = ("cost", "growth", "modality=image")
    found = json.loads(vggx(*words, "format=json").out)
    size = found["rows"][0]
    assert size["factors"] == {"2": 307_904.0, "0": 20_873_216.0}
    assert size["at_twice"] == size["counted_at_twice"]
    line = next(csv.DictReader(io.StringIO(vggx(*words, "format=csv").out)))
    assert (line["law"], line["factor_2"], line["factor_1"]) == ("307.9 k size^2 + 20.87 M", "307904.0", "")
    assert "| image | D | size | 307.9 k size^2 + 20.87 M | 224 |" in vggx(*words, "format=markdown").out
    assert "307.9 k size^2 + 20.87 M" in vggx(*words).out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cost", "growth", "output=x.csv"], "output=FILE goes with format=json, csv or markdown"),
        (
            ["cost", "growth", "modality=image", "modality.net.grid=[7,7]"],
            "growth is known where the grid follows the input",
        ),
    ],
)
def test_what_is_wrong_is_said(vggx: Any, words: list[str], message: str) -> None:
    answer = vggx(*words)
    assert answer.code != 0
    assert message in answer.err
    assert "Traceback" not in answer.err
