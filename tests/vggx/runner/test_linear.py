"""vggx.runner.linear: a linear machine on a net as it is; its C never sees a file that is judged."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import modalities.image.data
from vggx.data.listing import Listing, Sample
from vggx.evaluate import svm
from vggx.options import Settings
from vggx.runner.linear import LinearOptions, begun, drawn, judged_split, linear
from vggx.weights.source import read_weights

Make = Callable[..., Settings]
OPTIONS = LinearOptions(scales=[16], flip=False, C=[1, 10])


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """Pictures of three classes that brightness tells apart: 8 to fit on, 4 to judge of each."""
    draw = np.random.default_rng(0)
    for split, count in {"train": 8, "val": 2, "test": 4}.items():
        for label, level in {"dark": 20, "middle": 110, "bright": 200}.items():
            folder = tmp_path / "three" / split / label
            folder.mkdir(parents=True)
            for number in range(count):
                picture = draw.integers(level, level + 50, (16, 20), dtype=np.uint8)
                Image.fromarray(picture).save(folder / f"{number}.png")
    return tmp_path / "three"


def test_a_run_tells_other_classes_apart_and_writes_what_it_found(
    make: Make, trained: dict[str, Any], three: Path, tmp_path: Path
) -> None:
    settings = make(modality__data__root=str(three))
    found = linear(settings, Path(trained["run"]), tmp_path, options=OPTIONS)
    assert found["classes"] == ["bright", "dark", "middle"]
    assert trained["classes"] == ["lying", "standing"]
    assert (found["split"], found["train_files"], found["files"]) == ("test", 24, 12)
    assert found["accuracy"] == found["mean_class_recall"] == 1.0
    assert found["accuracy_interval_95"] == [pytest.approx(0.7575, abs=1e-4), 1.0]  # Wilson's of 12 of 12
    assert (found["layer"], found["width"], found["scales"]) == ("the last map", 64, [16])
    kept = json.loads((tmp_path / "linear_test.json").read_text())
    assert {name: kept[name] for name in ("C", "C_tried")} == {name: found[name] for name in ("C", "C_tried")}
    (row,) = csv.DictReader((tmp_path / "linear_test.csv").open())
    assert float(row["accuracy"]) == 1.0
    report = list(csv.DictReader((tmp_path / "linear_test_report.csv").open()))
    assert [(line["class"], line["files"]) for line in report] == [("bright", "4"), ("dark", "4"), ("middle", "4")]
    assert (tmp_path / "linear_test_confusion.png").is_file()


def test_no_file_that_is_judged_is_read_before_c_is_chosen(
    make: Make, three: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    original, fitted, chosen = modalities.image.data.read_image, svm.fitted, svm.choose
    monkeypatch.setattr(
        modalities.image.data, "read_image", lambda path, *a: (read.append(path), original(path, *a))[1]
    )
    before: dict[str, set[str]] = {}

    def spied(name: str, function: Any) -> Any:
        def spy(*arguments: Any) -> Any:
            before.setdefault(name, {Path(path).parts[-3] for path in read})
            return function(*arguments)

        return spy

    monkeypatch.setattr(svm, "choose", spied("choose", chosen))
    monkeypatch.setattr(svm, "fitted", spied("fitted", fitted))
    linear(make(modality__data__root=str(three)), None, tmp_path, options=OPTIONS)
    assert before == {"choose": {"train"}, "fitted": {"train"}}
    assert {Path(path).parts[-3] for path in read} == {"train", "test"}  # and validation files never


def test_groups_of_a_list_stay_whole_in_the_choice(make: Make, three: Path, tmp_path: Path) -> None:
    rows = [
        f"{split}/{label}/{number}.png,{label},{split},{split} {number}"
        for split, count in {"train": 8, "test": 4}.items()
        for label in ("dark", "bright")
        for number in range(count)
    ]
    (three / "labels.csv").write_text("path,label,split,group\n" + "\n".join(rows) + "\n")
    found = linear(make(modality__data__root=str(three), modality__data__val_share=0), None, tmp_path, options=OPTIONS)
    assert (found["groups_kept_whole"], found["folds"]) == (True, 5)
    assert (found["train_files"], found["clips"]) == (16, None)


def test_stacked_scales_are_as_many_times_as_long(make: Make, three: Path, tmp_path: Path) -> None:
    settings, two = make(modality__data__root=str(three)), replace(OPTIONS, scales=[16, 24])
    average = linear(settings, None, tmp_path, options=two)
    stacked = linear(settings, None, tmp_path, options=replace(two, combine="stack"))
    assert (average["width"], stacked["width"]) == (64, 128)
    assert (average["scales"], average["net"]) == ([16, 24], "drawn")


def test_the_same_seed_gives_the_same(make: Make, three: Path, tmp_path: Path) -> None:
    options = replace(OPTIONS, train_per_class=5, judged_per_class=3)
    found = [linear(make(modality__data__root=str(three), seed=7), None, tmp_path, options=options) for _ in range(2)]
    assert (found[0]["train_files"], found[0]["files"]) == (15, 9)
    names = found[0].keys() - {"seconds"}
    assert {name: found[0][name] for name in names} == {name: found[1][name] for name in names}


def test_weights_lend_their_layers_and_not_their_classes(make: Make, trained: dict[str, Any], three: Path) -> None:
    settings = make(modality__data__root=str(three))
    weights = read_weights(trained["run"])
    net = begun(settings, weights)
    own = begun(settings, Path(trained["run"]))
    assert (net.modality.data.classes, own.modality.data.classes) == (None, None)
    mine, theirs = net.net.vgg.backbone.state_dict(), own.net.vgg.backbone.state_dict()
    assert all(np.array_equal(mine[name], theirs[name]) for name in theirs)


def test_bad_files_are_named_and_too_many_are_no_result(
    make: Make, three: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (three / "train" / "dark" / "3.png").write_bytes(b"")
    (three / "test" / "dark" / "0.png").write_bytes(b"?")
    settings = make(modality__data__root=str(three))
    found = linear(settings, None, tmp_path, options=OPTIONS)
    assert (found["train_files"], found["files"]) == (23, 11)
    assert [(bad["split"], Path(bad["path"]).name) for bad in found["bad_files"]] == [
        ("train", "3.png"),
        ("test", "0.png"),
    ]
    assert "skipped a train file" in capsys.readouterr().out
    (three / "train" / "dark" / "4.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"2 of 24 train files cannot be read, more than modality.data.bad_limit=0.05"):
        linear(settings, None, tmp_path, options=OPTIONS)


def test_so_many_of_each_class_are_drawn_and_others_by_another_seed() -> None:
    samples = [Sample(str(number), number % 3) for number in range(30)] + [Sample("rare", 3)]
    taken = drawn(samples, 4, 0)
    assert np.bincount([sample.target for sample in taken]).tolist() == [4, 4, 4, 1]
    assert taken == drawn(samples, 4, 0) != drawn(samples, 4, 1)
    assert taken == sorted(taken, key=samples.index)


def test_the_split_that_is_judged() -> None:
    listing = Listing(["a"], {"train": [Sample("1")], "val": [Sample("2")], "test": []})
    assert judged_split(listing, None) == "val"
    with pytest.raises(ValueError, match="the data have no test split: 1 train, 1 val, 0 test"):
        judged_split(listing, "test")
    with pytest.raises(ValueError, match="split must be val or test, not 'train': train is what the machine is fitted"):
        judged_split(listing, "train")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"scales": [4]}, "scales: 4 is smaller than"),
        ({"combine": "sum"}, "combine must be one of average, stack"),
        ({"C": [0]}, "C must be a positive number"),
    ],
)
def test_a_word_that_cannot_be_followed_is_named(
    make: Make, three: Path, tmp_path: Path, words: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        linear(make(modality__data__root=str(three)), None, tmp_path, options=replace(OPTIONS, **words))
    assert not list(tmp_path.glob("linear*"))
