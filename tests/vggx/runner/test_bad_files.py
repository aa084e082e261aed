"""vggx.runner.bad_files: how many unreadable files a split may have, and that each is told once."""

import pytest

from vggx.runner.bad_files import BadFiles


def note(bad: BadFiles, split: str, *paths: str) -> None:
    """As the callback has it after a batch of the split."""
    bad.skipped[split].note({path: f"{path}: is empty" for path in paths})


def test_as_many_as_the_limit_are_borne_and_one_more_is_not() -> None:
    bad = BadFiles(0.25, {"train": 8, "test": 2})
    note(bad, "train", "a", "b")
    note(bad, "test", "c", "d")  # which is read when all training is done
    message = r"3 of 8 train files cannot be read, more than modality\.data\.bad_limit=0\.25; the first: a: is empty"
    with pytest.raises(ValueError, match=message):
        note(bad, "train", "e")


def test_a_file_is_told_once_however_often_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    bad = BadFiles(1.0, {"train": 8, "val": 4})
    for paths in (("a",), ("a", "b"), ("b",)):
        note(bad, "train", *paths)
    note(bad, "val", "a")
    told = capsys.readouterr().out.splitlines()
    assert told == [
        "skipped a train file: a: is empty",
        "skipped a train file: b: is empty",
        "skipped a val file: a: is empty",
    ]
    assert [(row["split"], row["path"]) for row in bad.listed()] == [("train", "a"), ("train", "b"), ("val", "a")]
