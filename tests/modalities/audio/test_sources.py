"""modalities.audio.sources: the field's data sets, written here as they are distributed, and what becomes of them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from torchaudio.datasets import SPEECHCOMMANDS

from modalities.audio.data import AudioData
from modalities.audio.options import Data
from vggx.data.listing import SPLITS, Sample

RATE = 8000
ESC50 = {0: "dog", 1: "rooster", 10: "rain", 11: "sea_waves", 41: "chainsaw"}
URBAN = ("air_conditioner", "car_horn", "children_playing", "dog_bark", "drilling",
         "engine_idling", "gun_shot", "jackhammer", "siren", "street_music")  # fmt: skip
WORDS = ("backward", "bed", "cat", "yes")


def data_of(root: Path, **options: Any) -> AudioData:
    return AudioData(
        Data(**{"sample_rate": RATE, "seconds": 0.1, "batch_size": 4, "num_workers": 0}, root=str(root), **options)
    )


def write_sound(path: Path, number: int = 0) -> None:
    """A tenth of a second of 300 Hz and 100 more for each number, so that a sound tells its class."""
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = 0.5 * np.sin(2 * np.pi * (300 + 100 * number) * np.arange(RATE // 10) / RATE)
    soundfile.write(path, wave, RATE)


def write_csv(file: Path, head: str, rows: Iterable[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([head, *rows]) + "\n")


def names(samples: Iterable[Sample]) -> list[str]:
    return sorted(Path(sample.path).name for sample in samples)


def esc50_names() -> list[str]:
    """Five folds of five classes: three recordings each, of which the first gives two clips."""
    return [
        f"{fold}-{fold}{target}{recording}-{take}-{target}.wav"
        for fold in range(1, 6)
        for target in ESC50
        for recording, take in ((1, "A"), (1, "B"), (2, "A"), (3, "A"))
    ]


def write_esc50(root: Path, missing: Sequence[str] = ()) -> None:
    rows = []
    for name in esc50_names():
        fold, source, take, target = Path(name).stem.split("-")
        rows.append(f"{name},{fold},{target},{ESC50[int(target)]},{int(target) in (0, 1, 10, 11)},{source},{take}")
        if name not in missing:
            write_sound(root / "audio" / name, list(ESC50).index(int(target)))
    write_csv(root / "meta/esc50.csv", "filename,fold,target,category,esc10,src_file,take", rows)


def write_urban(root: Path) -> None:
    """Ten folds of ten classes: two recordings each, one of them cut into three slices."""
    rows = []
    for fold in range(1, 11):
        for number, name in enumerate(URBAN):
            for recording, slices in ((1, (0, 1, 2)), (2, (0,))):
                for piece in slices:
                    source = f"1{fold:02d}{number}{recording}"
                    file = f"{source}-{number}-0-{piece}.wav"
                    rows.append(f"{file},{source},{piece}.0,{piece + 4}.0,1,{fold},{number},{name}")
                    write_sound(root / "audio" / f"fold{fold}" / file, number)
    head = "slice_file_name,fsID,start,end,salience,fold,classID,class"
    write_csv(root / "metadata/UrbanSound8K.csv", head, rows)


def write_commands(root: Path) -> None:
    """Six speakers who say every word, the first of them twice; the fifth is for validation, the sixth for the test."""
    speakers = [f"{number}c40e715" for number in range(6)]
    lists: dict[str, list[str]] = {"validation_list.txt": [], "testing_list.txt": []}
    for number, word in enumerate(WORDS):
        for speaker in (*speakers, speakers[0]):
            take = int((root / word / f"{speaker}_nohash_0.wav").exists())
            write_sound(root / word / f"{speaker}_nohash_{take}.wav", number)
        lists["validation_list.txt"].append(f"{word}/{speakers[4]}_nohash_0.wav")
        lists["testing_list.txt"].append(f"{word}/{speakers[5]}_nohash_0.wav")
    for name, lines in lists.items():
        (root / name).write_text("\n".join(lines) + "\n")
    write_sound(root / "_background_noise_" / "doing_the_dishes.wav")
    (root / "README.md").write_text("# Speech Commands Data Set v0.02\n")
    (root / "LICENSE").write_text("Creative Commons\n")


WRITERS = {"esc50": write_esc50, "urbansound8k": write_urban, "speech_commands": write_commands}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The three data sets, whole; no test changes them."""
    found = {}
    for name, write in WRITERS.items():
        found[name] = tmp_path_factory.mktemp(name)
        write(found[name])
    return found


# all of them


@pytest.mark.parametrize("source", WRITERS)
def test_the_source_is_recognised(places: dict[str, Path], source: str) -> None:
    data = data_of(places[source], fold=None if source == "speech_commands" else 1)
    assert f"(source {source}, guessed)" in data.describe()
    assert data.find().notes == []


@pytest.mark.parametrize("source", WRITERS)
def test_a_manifest_of_the_users_own_comes_first(tmp_path: Path, source: str) -> None:
    WRITERS[source](tmp_path)
    write_sound(tmp_path / "mine.wav")
    (tmp_path / "labels.csv").write_text("path,label\nmine.wav,a\n")
    assert data_of(tmp_path).guess(tmp_path) == "manifest"
    elsewhere = tmp_path / "other.csv"
    elsewhere.write_text("path,label\nmine.wav,a\n")
    assert data_of(tmp_path, manifest=str(elsewhere)).guess(tmp_path) == "manifest"


@pytest.mark.parametrize("source", WRITERS)
def test_sounds_and_labels_belong_together(places: dict[str, Path], source: str) -> None:
    data = data_of(places[source], fold=None if source == "speech_commands" else 3)
    seen = set()
    for split in SPLITS:
        for batch in data.loader(data.dataset(split)):
            for x, label in zip(batch.input, batch.target.tolist(), strict=True):
                spectrum = np.abs(np.fft.rfft(x.numpy() * np.hanning(len(x))))
                assert spectrum.argmax() * RATE / len(x) == 300 + 100 * label
                seen.add(label)
    assert seen == set(range(len(data.find().classes)))


# folds


def test_classes_stand_in_the_order_of_their_numbers(places: dict[str, Path]) -> None:
    assert data_of(places["esc50"], fold=1).find().classes == ["dog", "rooster", "rain", "sea_waves", "chainsaw"]
    assert data_of(places["urbansound8k"], fold=1).find().classes == list(URBAN)


@pytest.mark.parametrize("fold", [1, 2, 3, 4, 5, "5"])
def test_a_fold_of_esc50_is_the_test_split_and_of_no_other(places: dict[str, Path], fold: int | str) -> None:
    splits = data_of(places["esc50"], fold=fold).find().splits
    assert names(splits["test"]) == sorted(name for name in esc50_names() if name.startswith(f"{fold}-"))
    assert names(splits["train"] + splits["val"]) == sorted(n for n in esc50_names() if not n.startswith(f"{fold}-"))
    assert {sample.target for sample in splits["val"]} == set(range(5))


@pytest.mark.parametrize("fold", [1, 10])
def test_a_fold_of_urbansound_is_the_test_split_and_of_no_other(places: dict[str, Path], fold: int) -> None:
    splits = data_of(places["urbansound8k"], fold=fold).find().splits
    assert {Path(sample.path).parent.name for sample in splits["test"]} == {f"fold{fold}"}
    assert len(splits["test"]) == 40
    rest = {Path(sample.path).parent.name for sample in splits["train"] + splits["val"]}
    assert rest == {f"fold{number}" for number in range(1, 11)} - {f"fold{fold}"}
    assert len(splits["train"]) + len(splits["val"]) == 360


@settings(max_examples=20, deadline=None)
@given(fold=st.integers(1, 5), share=st.floats(0.05, 0.6), seed=st.integers(0, 1000))
@pytest.mark.parametrize("source", ["esc50", "urbansound8k"])
def test_a_recording_is_on_one_side(places: dict[str, Path], source: str, fold: int, share: float, seed: int) -> None:
    """Clips cut from one recording, which the CSV and the clip's name tell, are never in two splits."""
    splits = data_of(places[source], fold=fold, val_share=share, split_seed=seed).find().splits
    column = {"esc50": 1, "urbansound8k": 0}[source]
    recordings = [{name.split("-")[column] for name in names(splits[split])} for split in SPLITS]
    assert all(recordings)
    assert len(set.union(*recordings)) == sum(map(len, recordings))
    assert {sample.group for split in SPLITS for sample in splits[split]} == set.union(*recordings)


@pytest.mark.parametrize(("source", "folds"), [("esc50", 5), ("urbansound8k", 10)])
@pytest.mark.parametrize("fold", [None, 0, 11, "one"])
def test_a_fold_must_be_chosen(places: dict[str, Path], source: str, folds: int, fold: int | str | None) -> None:
    there = ", ".join(map(str, range(1, folds + 1)))
    with pytest.raises(
        ValueError, match=rf"folds {there}\b.*modality\.data\.fold=1|fold={fold} is none of the folds {there} "
    ):
        data_of(places[source], fold=fold).find()


# missing files


def test_missing_files_are_left_out_and_counted(tmp_path: Path) -> None:
    gone = ["2-211-A-1.wav", "3-3413-A-41.wav"]
    write_esc50(tmp_path, missing=gone)
    data = data_of(tmp_path, fold=1)
    splits = data.find().splits
    kept = sorted(set(esc50_names()) - set(gone))
    assert names(sample for split in SPLITS for sample in splits[split]) == kept
    assert data.find().notes == [
        f"2 of the 100 files listed are missing and left out, such as {tmp_path / 'audio' / gone[0]}"
    ]
    assert "2 of the 100 files listed are missing" in data.describe()


def test_no_file_at_all_is_an_error(tmp_path: Path) -> None:
    write_esc50(tmp_path, missing=esc50_names())
    with pytest.raises(ValueError, match=r"none of the 100 files listed is there, such as .*audio/2-201-A-0\.wav"):
        data_of(tmp_path, fold=1).find()


def test_a_csv_may_not_lead_out_of_the_root(tmp_path: Path) -> None:
    root = tmp_path / "esc"
    write_esc50(root)
    write_sound(tmp_path / "secret.wav")
    with (root / "meta/esc50.csv").open("a") as file:
        file.write("../../secret.wav,2,0,dog,True,1,A\n")
    with pytest.raises(ValueError, match=r"secret\.wav lies outside of"):
        data_of(root, fold=1).find()


def test_a_csv_without_a_column(tmp_path: Path) -> None:
    write_esc50(tmp_path)
    file = tmp_path / "meta/esc50.csv"
    file.write_text(file.read_text().replace("target", "number", 1))
    with pytest.raises(ValueError, match=r"esc50\.csv lacks the column target"):
        data_of(tmp_path, fold=1).find()


# Speech Commands


@pytest.mark.parametrize("version", ["speech_commands_v0.01", "speech_commands_v0.02"])
def test_splits_of_speech_commands_are_torchaudios(tmp_path: Path, version: str) -> None:
    root = tmp_path / "SpeechCommands" / version
    write_commands(root)
    listing = data_of(root).find()
    for split, subset in {"train": "training", "val": "validation", "test": "testing"}.items():
        theirs = SPEECHCOMMANDS(tmp_path, url=version, subset=subset)
        told = sorted(theirs.get_metadata(number) for number in range(len(theirs)))
        ours = sorted((str(Path(s.path).relative_to(root.parent)), listing.classes[s.target], s.group)
                      for s in listing.splits[split])  # fmt: skip
        assert [(path, word, speaker) for path, _, word, speaker, _ in told] == ours


def test_speech_commands_by_hand(places: dict[str, Path]) -> None:
    listing = data_of(places["speech_commands"]).find()
    assert listing.classes == list(WORDS)
    assert listing.counts() == "20 train, 4 val, 4 test"
    assert {sample.group for sample in listing.splits["test"]} == {"5c40e715"}
    assert {sample.group for sample in listing.splits["train"]} == {f"{number}c40e715" for number in range(4)}


def test_listed_words_that_are_missing_are_counted(tmp_path: Path) -> None:
    write_commands(tmp_path)
    (tmp_path / "bed" / "5c40e715_nohash_0.wav").unlink()
    (tmp_path / "bed" / "4c40e715_nohash_0.wav").unlink()
    listing = data_of(tmp_path).find()
    assert listing.counts() == "20 train, 3 val, 3 test"
    first = tmp_path / "bed/4c40e715_nohash_0.wav"
    assert listing.notes == [f"2 of the files that the lists name are missing, such as {first}"]


@pytest.mark.parametrize("name", ["validation_list.txt", "testing_list.txt"])
def test_speech_commands_without_a_list(tmp_path: Path, name: str) -> None:
    write_commands(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{name} does not exist: Speech Commands has validation_list"):
        data_of(tmp_path, source="speech_commands").find()
