"""`vggx data ...`, the commands of two words: what there is, what is misspelt, and what they write."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vggx.cli.table import COMMANDS, EXAMPLES, FAMILIES, REQUIRED, config_name, parted
from vggx.configs import folder

DATA = ["data preview", "data stats", "data reencode"]


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    """24 images in two classes, one of which is named in rich's markup; and one that is none."""
    root = tmp_path / "bars, = [two]"
    draw = np.random.default_rng(0)
    for name in ("[bold]", "$x$"):
        (root / name).mkdir(parents=True)
        for number in range(12):
            Image.fromarray(draw.integers(0, 255, (40, 32), np.uint8)).save(root / name / f"{number}.png")
    (root / "$x$" / "nothing.png").write_bytes(b"")
    return root


def test_the_table_is_whole() -> None:
    assert FAMILIES == ["data"]
    assert set(DATA) < COMMANDS.keys() == REQUIRED.keys() == EXAMPLES.keys()
    for command in COMMANDS:
        assert (folder() / f"{config_name(command)}.yaml").is_file()
        assert all(example.startswith(f"vggx {command}") for example in EXAMPLES[command])


@pytest.mark.parametrize(
    ("words", "command", "rest"),
    [
        ("data stats modality=audio", "data stats", ["modality=audio"]),
        ("data stats", "data stats", []),
        ("data modality=audio", "data", ["modality=audio"]),
        ("cost by=net", "cost", ["by=net"]),
        ("cost", "cost", []),
        ("data", "data", []),
    ],
)
def test_words_are_parted(words: str, command: str, rest: list[str]) -> None:
    assert parted(words.split()) == (command, rest)


@pytest.mark.parametrize(("words", "code"), [(["data"], 2), (["data", "--help"], 0), (["data", "-h"], 0)])
def test_the_first_word_alone_says_what_there_is(vggx: Any, words: list[str], code: int) -> None:
    answer = vggx(*words)
    assert answer.code == code
    assert all(f"  {name}" in answer.out and COMMANDS[name] in answer.out for name in DATA)
    assert "train" not in answer.out


def test_the_overview_lists_them(vggx: Any) -> None:
    lines = vggx("--help").out.splitlines()
    starts = [next(line.index(text) for line in lines if text in line) for text in COMMANDS.values()]
    assert len(set(starts)) == 1  # in one column


@pytest.mark.parametrize("command", DATA)
def test_help_of_each(vggx: Any, command: str) -> None:
    answer = vggx(*command.split(), "--help")
    assert answer.code == 0
    assert answer.out.startswith(f"vggx {command} key=value ...: {COMMANDS[command]}")
    assert "modality = audio | image | video" in answer.out
    assert "modality.data.root = null" in answer.out
    own = {"data preview": "split = train", "data stats": "measure = true", "data reencode": "keyframe_every = 16"}
    assert own[command] in answer.out
    assert "recipe = adamw | default | modern | torchvision | vgg2014" in answer.out  # which bring options of data


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["data", "stast"],
            "there is no command 'data stast'; did you mean stats? Known: data preview | stats | reencode",
        ),
        (["data", "preveiw", "modality=image"], "'data preveiw'; did you mean preview?"),
        (
            ["data", "modality=image"],
            "there is no command 'data modality=image'. Known: data preview | stats | reencode",
        ),
        (["data", "zzz"], "there is no command 'data zzz'. Known: data preview | stats | reencode"),
        (["stats"], "there is no command 'stats'; did you mean data stats?"),
        (["dat", "stats"], "there is no command 'dat'; did you mean data?"),
        (["data", "stats"], "modality=... or experiment=... or run=... is required (modalities: audio, image, video)"),
        (["data", "preview", "count=4"], "modality=... or experiment=... or run=... is required"),
        (["data", "preview", "modality=imag"], "there is no modality=imag; did you mean image?"),
        (["data", "stats", "modality=audio", "mesure=false"], "there is no key 'mesure'; did you mean measure?"),
    ],
)
def test_a_mistake_is_answered_with_the_nearest_right_word(vggx: Any, words: list[str], message: str) -> None:
    answer = vggx(*words)
    assert answer.code == 2
    assert message in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["preview", "count=many"], "count must be a number from 1 on, got many"),
        (["preview", "output=x.gif"], "output=x.gif must end in one of .png, .jpg, .pdf, .svg"),
        (["stats", "measure=no"], "measure must be true or false, not no"),
        (["stats", "format=xml"], "format must be one of table, json, csv, markdown, not 'xml'"),
        (["stats", "modality.data.root=nowhere"], "modality.data.root=nowhere is not a folder"),
    ],
)
def test_a_wrong_value_is_named(vggx: Any, words: list[str], message: str) -> None:
    answer = vggx("data", *words, "modality=image")
    assert answer.code == 1
    assert message in answer.err
    assert "Traceback" not in answer.err
    assert list(Path().iterdir()) == []


def test_a_preview_names_its_file_and_the_bad_ones(vggx: Any, bars: Path) -> None:
    words = ["data", "preview", "modality=image", f"modality.data.root={bars}", "modality.data.size=32", "count=25"]
    answer = vggx(*words, "modality.data.val_share=0", "modality.data.test_share=0", "output=my bars.png")
    assert answer.code == 0, answer.err
    first, bad, last = answer.out.splitlines()
    assert first.startswith(f"data: {bars} (source folder, guessed): 2 classes")
    assert bad == f"skipped a train file: {bars}/$x$/nothing.png: is empty (0 bytes)"
    assert last == "25 train samples: my bars.png"
    with Image.open("my bars.png") as image:
        assert image.size[0] > 600
    assert sorted(path.name for path in Path().iterdir()) == [bars.name, "my bars.png"]
    answer = vggx(*words, "split=tst")
    assert (answer.code, answer.out) == (1, "")
    assert "split must be one of train, val, test, not 'tst'" in answer.err


def test_stats_as_a_table(vggx: Any, bars: Path) -> None:
    words = ["data", "stats", "modality=image", f"modality.data.root={bars}", "modality.data.size=32"]
    answer = vggx(*words, "modality.data.num_workers=0", "modality.net.plan=micro")
    assert answer.code == 0, answer.err
    assert "[bold]" in answer.out  # as it is called, and not as markup
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in answer.out.splitlines() if "│" in line]
    assert ["width", "32", "32", "32", "32"] in cells
    assert ["height", "40", "40", "40", "40"] in cells
    assert ["mode", "L", "24", "1"] in cells
    assert "1 unreadable files:\n" in answer.out
    assert f"{bars}/$x$/nothing.png: is empty (0 bytes)" in answer.out
    assert f"{bars} (source folder): 2 classes, " in answer.out
    assert "input of the net over the training split: mean 0." in answer.out


def test_stats_as_json_and_csv(vggx: Any, bars: Path) -> None:
    words = ["data", "stats", "modality=image", f"modality.data.root={bars}", "measure=false"]
    summary = json.loads(vggx(*words, "format=json").out)
    assert sum(summary["files"].values()) == 25
    assert [row["class"] for row in summary["classes"]] == ["$x$", "[bold]"]
    assert summary["unreadable"][0]["path"] == f"{bars}/$x$/nothing.png"
    rows = list(csv.DictReader(io.StringIO(vggx(*words, "format=csv").out)))
    assert len(rows) == 25
    assert list(rows[0]) == ["path", "split", "class", "group", "width", "height", "mode", "error"]
    assert {row["error"] for row in rows} == {"", f"{bars}/$x$/nothing.png: is empty (0 bytes)"}
    assert vggx(*words, "format=json", "output=a.json").out == ""
    assert json.loads(Path("a.json").read_text()) == summary
    refused = vggx(*words, "output=a.txt")
    assert refused.code == 1
    assert "output=FILE goes with format=json, csv or markdown" in refused.err


def test_an_experiment_brings_its_options(vggx: Any) -> None:
    answer = vggx("data", "stats", "experiment=digits", "measure=false", "format=json")
    assert json.loads(answer.out)["files"] == {"train": 1257, "val": 270, "test": 270}
    assert "size: 28" in vggx("data", "preview", "experiment=fashion_mnist", "--cfg", "job").out


def test_of_a_run_the_data_and_options_are_those_it_was_trained_with(vggx: Any) -> None:
    quick = ["trainer.max_epochs=1", "trainer.limit_train_batches=1", "modality.data.num_workers=0", "logger=none"]
    assert vggx("train", "modality=audio", "modality.net.mels=20", *quick).code == 0
    (run,) = Path("runs/audio").iterdir()
    card = json.loads((run / "net.json").read_text())
    summary = json.loads(vggx("data", "stats", f"run={run}", "format=json").out)
    assert summary["source"] == "tones"
    # measured anew over the same files
    assert summary["input"]["mean"] == pytest.approx(card["net"]["mean"], rel=1e-6)
    assert summary["input"]["std"] == pytest.approx(card["net"]["std"], rel=1e-6)
    answer = vggx("data", "preview", f"run={run}", "count=1", "output=run.svg", "split=test")
    assert (answer.code, answer.out.splitlines()[-1]) == (0, "1 test samples: run.svg")
    drawn = Path("run.svg").read_text()
    assert "audio, test: 1 of 200 samples" in drawn
    assert "of these clips alone" not in drawn  # but the run's
