"""vggx probe, as it is called."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

NOISE = ("probe", "modality=image", "modality.net.plan=micro", "modality.data.size=16", "noise=true", "batches=1")


def test_embedded_data_as_a_table_with_a_word_to_take(vggx: Any) -> None:
    answer = vggx("probe", "modality=image", "batches=1", "modality.data.num_workers=0", "plots=my pictures")
    assert answer.code == 0, answer.err
    word = next(word for word in answer.out.split() if word.startswith("recipe.block_rates="))
    assert word.count(",") == 3  # three blocks and the head
    assert "ln 10 = 2.303" in answer.out
    assert Path("my pictures/probe.png").exists()
    assert not Path("runs").exists()
    taken = vggx("train", "modality=image", word, "--cfg", "job")
    assert taken.code == 0, taken.err


def test_the_same_in_every_format(vggx: Any) -> None:
    whole = json.loads(vggx(*NOISE, "format=json").out)
    assert whole["classes"] == 1000
    assert whole["norm"] == "batch"  # as of a user's own data
    (*_, last) = csv.DictReader(io.StringIO(vggx(*NOISE, "format=csv").out))
    assert float(last["std"]) == whole["layers"][-1]["std"]
    assert vggx(*NOISE, "format=markdown").out.startswith("| layer | part | std | factor |")
    assert vggx(*NOISE, "format=json", "output=look.json").out == ""
    assert json.loads(Path("look.json").read_text()) == whole


def test_warnings_go_to_the_screen_and_do_not_mix_with_figures(vggx: Any) -> None:
    words = (*NOISE, "modality.net.norm=none", "modality.net.init=normal", "classes=4")
    assert "\nwarning: vanishes: " in vggx(*words).out
    answer = vggx(*words, "format=json")
    assert json.loads(answer.out)["signs"][0].startswith("vanishes: ")
    assert answer.err.startswith("warning: vanishes: ")


def test_a_run_as_it_began_and_its_trained_net(vggx: Any) -> None:
    quick = ("modality.data.num_workers=0", "trainer.max_epochs=2", "logger=none")
    trained = vggx("train", "modality=image", *quick)
    assert trained.code == 0, trained.err
    run = next(Path("runs/image").iterdir())
    files = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    began, now, drawn = (
        json.loads(vggx("probe", *words, "batches=2", "format=json", "modality.data.num_workers=0").out)
        for words in ((f"run={run}",), (f"run={run}", f"weights={run}"), ("modality=image",))
    )
    assert began["layers"] == drawn["layers"]
    assert now["loss"] < 0.7 * began["loss"]
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == files
    noise = json.loads(vggx("probe", f"run={run}", "noise=2", "batches=1", "format=json").out)
    assert noise["classes"] == 10


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("probe",), "modality=... or experiment=... or run=... is required"),
        ((*NOISE, "batches=0"), "batches must be a whole number of 1 or more, not 0"),
        ((*NOISE, "batches=all"), "batches must be a whole number of 1 or more, not all"),
        ((*NOISE, "noise=-1"), "noise must be true, false or a standard deviation, such as 60, not -1"),
        ((*NOISE, "noise=loud"), "noise must be true, false or a standard deviation, such as 60, not loud"),
        ((*NOISE, "classes=1"), "classes must be a whole number of 2 or more, not 1"),
        ((*NOISE, "device=abacus"), "device=abacus is none of auto, cpu, cuda"),
        ((*NOISE, "output=x"), "output=FILE goes with format=json, csv or markdown"),
        (
            ("probe", "modality=image", "classes=5"),
            "classes=5 goes with noise=true; data have the classes that they have",
        ),
        ((*NOISE, "recipe.block_rates=[1,2]"), "recipe.block_rates has 2 rates: this net takes 4"),
        (("probe", "modality=image", "modality.data.root=none"), "modality.data.root=none is not a folder"),
        (("probe", "modality=image", "nosie=true"), "there is no key 'nosie'; did you mean noise?"),
    ],
)
def test_what_is_wrong_is_named(vggx: Any, words: tuple[str, ...], message: str) -> None:
    answer = vggx(*words)
    assert answer.code != 0
    assert message in answer.err


def test_help_tells_the_keys(vggx: Any) -> None:
    told = vggx("probe", "--help").out
    assert "noise = false" in told
    assert "# true or a standard deviation" in told
    assert "recipe.block_rates = null" in told
