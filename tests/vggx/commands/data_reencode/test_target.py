"""Where new files go: their names, and that a target with other things in it is not written to."""

import json
from pathlib import Path

import pytest

from vggx.commands.data_reencode.target import begin, check_place, new_names, top_folder
from vggx.options import DataOptions

OPTIONS = {"root": "/d", "crf": 18}
NAMES = ["a/1.mp4", "b/1.mp4"]


def below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_names_that_would_be_one_keep_their_endings() -> None:
    endings = [".avi", ".mp4"]
    names = new_names(["/d/a/1.avi", "/d/a/1.mp4", "/d/b/1.AVI", "/d/a/x.y", "/d/a/x.z"], "/d", endings)
    assert list(names.values()) == ["a/1.avi.mp4", "a/1.mp4.mp4", "b/1.mp4", "a/x.y.mp4", "a/x.z.mp4"]
    with pytest.raises(ValueError, match=r"/d/1\.avi and /d/1\.avi\.avi would both become 1\.avi\.mp4: rename one"):
        new_names(["/d/1.avi", "/d/1.mp4", "/d/1.avi.avi"], "/d", endings)


@pytest.mark.parametrize(
    ("paths", "root", "top"),
    [
        (["/d/a/1.avi", "/d/b/c/1.avi"], "/d", "/d"),
        (["/d/a/1.avi", "/d/a/2.avi"], "/d/", "/d"),
        (["/d/a/1.avi", "/e/b/1.avi"], "/d", "/"),
        (["/d/a/1.avi", "/d/ab/1.avi"], "/d/a", "/d"),
        (["/d/a/../b/1.avi", "/d/b/2.avi"], "/d/a", "/d/b"),
        (["/d/a/1.avi", "/d/a/b/1.avi"], None, "/d/a"),
    ],
)
def test_the_folder_that_new_names_are_relative_to(paths: list[str], root: str | None, top: str) -> None:
    assert top_folder(paths, DataOptions(root=root)) == top


@pytest.mark.parametrize("place", ["old", "old/below", "old/../old/a", ".", "link"])
def test_the_target_lies_apart_from_the_data(tmp_path: Path, place: str) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "old")
    for folders in ((str(tmp_path / "old"), None), ("/elsewhere", str(tmp_path / "old"))):
        with pytest.raises(ValueError, match=r"is not apart from the data in .*old; give a folder beside it"):
            check_place(tmp_path / place, *folders)
    check_place(tmp_path / "older", str(tmp_path / "old"))
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"target=.*file is a file: give a folder"):
        check_place(tmp_path / "file", str(tmp_path / "old"))


def test_a_new_folder_says_what_is_made_in_it(tmp_path: Path) -> None:
    begin(tmp_path / "new", OPTIONS, NAMES, False)
    assert json.loads((tmp_path / "new/reencode.json").read_text()) == {"options": OPTIONS}
    (tmp_path / "new/a").mkdir()
    for name in ("a/1.mp4", "a/.writing-1.x.mp4", ".writing-labels.x.csv"):
        (tmp_path / "new" / name).touch()
    begin(tmp_path / "new", OPTIONS, NAMES, False)  # goes on
    assert below(tmp_path / "new") == ["a/1.mp4", "reencode.json"]


def test_other_options_are_not_mixed_with_what_is_there(tmp_path: Path) -> None:
    begin(tmp_path, OPTIONS, NAMES, False)
    for name in ("1.mp4", "2.mp4"):
        (tmp_path / "a").mkdir(exist_ok=True)
        (tmp_path / "a" / name).touch()
    with pytest.raises(FileExistsError, match=r"holds what was made with crf=18; overwrite=true would replace it"):
        begin(tmp_path, {**OPTIONS, "crf": 30}, NAMES, False)
    with pytest.raises(FileExistsError, match=r"holds what was made with root=/d; overwrite"):
        begin(tmp_path, {**OPTIONS, "root": "/e"}, NAMES, False)
    assert below(tmp_path) == ["a/1.mp4", "a/2.mp4", "reencode.json"]
    begin(tmp_path, {**OPTIONS, "crf": 30}, NAMES, True)
    assert below(tmp_path) == ["a/2.mp4", "reencode.json"]  # what will be made anew is gone, the rest is not ours
    assert json.loads((tmp_path / "reencode.json").read_text())["options"]["crf"] == 30


@pytest.mark.parametrize("report", [None, "", "[]", "{}", '{"options": 3}', "{"])
def test_a_folder_of_other_things_is_refused(tmp_path: Path, report: str | None) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    if report is not None:
        (tmp_path / "reencode.json").write_text(report)
    with pytest.raises(FileExistsError, match=r"holds other things; overwrite=true would write among them"):
        begin(tmp_path, OPTIONS, NAMES, False)
    begin(tmp_path, OPTIONS, NAMES, True)
    assert (tmp_path / "mine.txt").read_text() == "mine"
