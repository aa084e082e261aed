"""vggx.data.paths: what lies in a folder is found, and what leaves it, or has no name in text, is refused."""

import os
from pathlib import Path

import pytest

from vggx.data import sources
from vggx.data.datamodule import SplitData
from vggx.data.listing import Listing
from vggx.data.paths import check_name, media_files, real_path
from vggx.options import DataOptions


def make(place: Path, *names: str) -> None:
    place.mkdir(parents=True, exist_ok=True)
    for name in names:
        (place / name).write_text(name)


def listed(root: Path, **options: object) -> Listing:
    make(root / "bee", *(f"{number}.txt" for number in range(8)))
    return sources.folder(root, DataOptions(**options), (".txt",))


def found(listing: Listing) -> set[str]:
    return {os.path.basename(sample.path) for samples in listing.splits.values() for sample in samples}


def test_a_link_that_leaves_the_root_is_refused_and_taken_where_allowed(tmp_path: Path) -> None:
    make(tmp_path / "elsewhere", "secret.txt")
    make(tmp_path / "root" / "ant", "1.txt", "2.txt")
    (tmp_path / "root" / "ant" / "3.txt").symlink_to(tmp_path / "elsewhere" / "secret.txt")
    message = r"ant/3\.txt lies outside of .*root, at .*secret\.txt; modality\.data\.follow_links=true"
    with pytest.raises(ValueError, match=message):
        listed(tmp_path / "root")
    assert "3.txt" in found(listed(tmp_path / "root", follow_links=True))


def test_a_linked_class_folder_is_refused_and_taken_where_allowed(tmp_path: Path) -> None:
    make(tmp_path / "elsewhere", "far.txt", "away.txt")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "ant").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="lies outside of"):
        listed(tmp_path / "root")
    assert found(listed(tmp_path / "root", follow_links=True)) >= {"far.txt", "away.txt"}


def test_a_link_within_the_root_does_no_harm(tmp_path: Path) -> None:
    make(tmp_path / "ant", "1.txt", "2.txt", "4.txt", "5.txt")
    (tmp_path / "ant" / "3.txt").symlink_to("1.txt")
    assert "3.txt" in found(listed(tmp_path))


def test_a_root_may_be_a_link_itself(tmp_path: Path) -> None:
    make(tmp_path / "real" / "ant", "1.txt", "2.txt")
    (tmp_path / "root").symlink_to(tmp_path / "real")
    assert "1.txt" in found(listed(tmp_path / "root"))


def test_a_linked_folder_deeper_down_is_named(tmp_path: Path) -> None:
    make(tmp_path / "elsewhere", "far.txt")
    make(tmp_path / "ant", "1.txt")
    (tmp_path / "ant" / "more").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match=r"ant/more is a symbolic link; modality\.data\.follow_links=true"):
        media_files(tmp_path / "ant", (".txt",))
    followed = media_files(tmp_path / "ant", (".txt",), follow_links=True)
    assert [path.name for path in followed] == ["1.txt", "far.txt"]


def test_a_link_back_to_where_it_stands_ends(tmp_path: Path) -> None:
    make(tmp_path / "ant", "1.txt")
    (tmp_path / "ant" / "round").symlink_to(tmp_path / "ant")
    with pytest.raises(ValueError, match="ant/round is a link to a folder that is read already"):
        media_files(tmp_path / "ant", (".txt",), follow_links=True)


@pytest.mark.parametrize("path", ["../outside.txt", "{outside}"])
def test_a_manifest_that_leaves_its_root_is_refused(tmp_path: Path, path: str) -> None:
    outside = tmp_path / "outside.txt"
    outside.touch()
    make(tmp_path / "root", "1.txt", "2.txt")
    line = path.format(outside=outside)
    (tmp_path / "root" / "labels.csv").write_text(f"path,label\n1.txt,a\n2.txt,a\n{line},b\n")
    with pytest.raises(ValueError, match=r"outside\.txt lies outside of"):
        sources.manifest(tmp_path / "root", DataOptions(), (".txt",))
    listing = sources.manifest(tmp_path / "root", DataOptions(follow_links=True), (".txt",))
    assert "outside.txt" in found(listing)


def test_a_sibling_whose_name_begins_as_the_roots_is_outside(tmp_path: Path) -> None:
    make(tmp_path / "root2", "1.txt")
    make(tmp_path / "root", "1.txt", "2.txt")
    (tmp_path / "root" / "labels.csv").write_text("path,label\n1.txt,a\n2.txt,a\n../root2/1.txt,b\n")
    with pytest.raises(ValueError, match="lies outside of"):
        sources.manifest(tmp_path / "root", DataOptions(), (".txt",))


def test_a_name_that_is_not_text_is_refused_by_its_bytes(tmp_path: Path) -> None:
    make(tmp_path / "ant", "1.txt")
    bad = os.fsencode(tmp_path / "ant") + b"/caf\xe9.txt"
    with open(bad, "w"):
        pass
    with pytest.raises(ValueError, match=r"caf\\xe9\.txt' is not a name in UTF-8: rename the file"):
        listed(tmp_path)
    with pytest.raises(ValueError, match=r"caf\\xe9\.txt"):
        SplitData(DataOptions()).new_files([os.fsdecode(bad)])

    class Texts(SplitData):
        EXTENSIONS = (".txt",)

    with pytest.raises(ValueError, match=r"caf\\xe9\.txt"):
        Texts(DataOptions()).new_files([str(tmp_path / "ant")])


@pytest.mark.parametrize("name", ["plain.txt", "żółć.txt", "日本語 clip.mp4", "a=b,[c]$d.wav"])
def test_any_text_is_a_name(name: str) -> None:
    check_name(name)


def test_real_paths_are_those_of_the_operating_system(tmp_path: Path) -> None:
    make(tmp_path / "a" / "b", "1.txt")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "2.txt").symlink_to(tmp_path / "a" / "b" / "1.txt")
    (tmp_path / "a" / "gone.txt").symlink_to(tmp_path / "nowhere")
    names = (
        "a/b/1.txt",
        "link/b/1.txt",
        "link/2.txt",
        "a/../link/b/./1.txt",
        "a/b/..",
        "a/.",
        "a/gone.txt",
        "a/no",
        "a/",
    )
    for name in names:
        assert real_path(f"{tmp_path}/{name}") == os.path.realpath(f"{tmp_path}/{name}")
