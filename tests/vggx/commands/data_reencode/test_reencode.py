"""A data set encoded anew: what the datamodule lists of the new folder is what it listed of the old one."""

import csv
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

from vggx import configs, settings
from vggx.commands.data_reencode.reencode import reencode
from vggx.data.listing import SPLITS, BadFile, Listing
from vggx.options import Settings

KEYS = ["options", "versions", "files", "bad", "totals", "gain", "train_with", "over_limit", "notes"]
Films = Callable[..., Path]


def made(modality: str = "video", **changes: Any) -> Settings:
    config = OmegaConf.create({"modality": configs.load(f"modality/{modality}")})
    for key, value in {"frames": 4, "frame_stride": 1, "size": 32, "crop_scale": [1.0, 1.0], **changes}.items():
        if key in config.modality.data:
            OmegaConf.update(config, f"modality.data.{key}", value)
    return settings.resolve(config)


def run(root: Path | None, target: Path, *, data: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    given = {"short_side": 64, "workers": 0, **options}
    return reencode(made(root=None if root is None else str(root), **(data or {})), target, **given)


def listing(root: Path, **data: Any) -> Listing:
    return made(root=str(root), **data).modality.open_data(0).find()


def content(found: Listing, root: Path) -> dict[str, list[tuple[str, str, str]]]:
    """{split: [(path below the root without its ending, class, group)]}"""
    return {
        split: [
            (os.path.splitext(os.path.relpath(sample.path, root))[0], found.classes[sample.target], sample.group)
            for sample in found.splits[split]
        ]
        for split in SPLITS
    }


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six frames of MPEG-4 in AVI."""
    path = tmp_path_factory.mktemp("clip") / "a.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.height, stream.width, stream.pix_fmt = 80, 96, "yuv420p"
        for number in range(6):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((80, 96, 3), number * 40, np.uint8))))
        container.mux(stream.encode())
    return path


@pytest.fixture
def films(clip: Path, tmp_path: Path) -> Films:
    """Names -> the root, with a copy of the clip under each."""

    def copy(*names: str) -> Path:
        for name in names:
            (tmp_path / "old" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(clip, tmp_path / "old" / name)
        return tmp_path / "old"

    return copy


def test_splits_that_were_drawn_and_groups_stay(films: Films, tmp_path: Path) -> None:
    names = [f"v_{name}_g{group:02d}_c{number:02d}.avi" for name in "ab" for group in (1, 2, 3) for number in (1, 2)]
    root = films(*(f"{name[2]}/{name}" for name in names))
    report = run(root, tmp_path / "new", data={"split_seed": 3, "val_share": 0.3, "test_share": 0.3})
    before = listing(root, split_seed=3, val_share=0.3, test_share=0.3)
    assert all(before.splits.values())
    after = listing(tmp_path / "new", **report["train_with"])
    assert content(after, tmp_path / "new") == content(before, root)
    assert {sample.group for sample in after.splits["train"]} < {
        f"{name}_g0{group}" for name in "ab" for group in (1, 2, 3)
    }
    assert report["train_with"] == {}
    assert {path.suffix for path in (tmp_path / "new").rglob("v_*")} == {".mp4"}


def test_the_report_says_what_was_done(films: Films, clip: Path, tmp_path: Path) -> None:
    root = films("a/1.avi", "a/2.avi", "b/1.avi", "b/2.avi")
    report = run(root, tmp_path / "new", crf=20)
    assert list(report) == KEYS
    assert json.loads((tmp_path / "new/reencode.json").read_text()) == report
    assert report["options"] == {"root": str(root), "short_side": 64, "keyframe_every": 16, "crf": 20}
    assert set(report["versions"]) == {"vggx", "python", "av", "decord", "torch"}
    for row in report["files"]:
        assert row["path"] == str(root / row["new"].replace(".mp4", ".avi"))
        assert (row["frames"], row["seconds"], row["bytes_before"]) == (6, 6 / 25, clip.stat().st_size)
        assert row["bytes_after"] == (tmp_path / "new" / row["new"]).stat().st_size
    totals = report["totals"]
    assert (totals["files"], totals["frames"]) == (4, 24)
    for name in ("seconds", "bytes_before", "bytes_after", "encode_seconds"):
        assert totals[name] == pytest.approx(sum(row[name] for row in report["files"]))
    assert report["gain"]["files"] == 4
    assert report["gain"]["ratio"] > 0
    assert (report["bad"], report["over_limit"]) == ([], [])


def test_what_a_manifest_cannot_say_is_told(films: Films, tmp_path: Path) -> None:
    root = films("1.avi", "2.avi", "3.avi")
    (root / "labels.csv").write_text("path,label,split\n1.avi,walk,train\n2.avi,run,train\n3.avi,run,test\n")
    data = {"classes": ["walk", "run", "jump"], "val_share": 0.0}
    report = run(root, tmp_path / "new", data=data)
    assert report["train_with"] == {
        "modality.data.classes": ["walk", "run", "jump"],
        "modality.data.val_share": 0,
    }
    words = {key.rpartition(".")[2]: value for key, value in report["train_with"].items()}
    after = listing(tmp_path / "new", **words)
    assert content(after, tmp_path / "new") == content(listing(root, **data), root)
    assert after.classes == data["classes"]


def test_ucf101_with_its_lists_is_the_data_set_in_other_files(films: Films, tmp_path: Path) -> None:
    names = [f"{name}/v_{name}_g0{group}_c01" for name in ("Yo", "Zo") for group in (1, 2, 3)]
    root = films(*(f"UCF-101/{name}.avi" for name in names))
    lists = root / "ucfTrainTestlist"
    lists.mkdir()
    for fold in (1, 2):
        for split, chosen in (("test", True), ("train", False)):
            lines = [f"{name}.avi\n" for name in names if (f"g0{fold}" in name) == chosen]
            (lists / f"{split}list0{fold}.txt").write_text("".join(lines))
    data = {"fold": 1, "val_share": 0.0}
    report = run(root, tmp_path / "new", data=data)
    plain = listing(tmp_path / "new", val_share=0.0)
    assert content(plain, tmp_path / "new") == content(listing(root, **data), root)
    assert len(plain.splits["test"]) == 2
    assert report["notes"] == []
    shutil.copytree(lists, tmp_path / "new/ucfTrainTestlist")
    data = {"fold": 2, "val_share": 0.0}
    assert content(listing(tmp_path / "new", source="ucf101", **data), tmp_path / "new") == content(
        listing(root, **data), root
    )


def test_folders_of_frames(tmp_path: Path) -> None:
    for name in ("a/one.v2", "a/two", "b/one", "b/two"):
        (tmp_path / "old" / name).mkdir(parents=True)
        for number in range(3):
            Image.new("RGB", (64, 64), (number * 60,) * 3).save(tmp_path / "old" / name / f"img_{number}.png")
    report = run(tmp_path / "old", tmp_path / "new")
    assert sorted(row["new"] for row in report["files"]) == ["a/one.v2.mp4", "a/two.mp4", "b/one.mp4", "b/two.mp4"]
    assert [row["frames"] for row in report["files"]] == [3] * 4


def test_a_bad_file_is_left_out_and_named(films: Films, tmp_path: Path) -> None:
    root = films("train/a/1.avi", "train/a/2.avi", "train/b/1.avi", "val/a/1.avi", "val/b/1.avi")
    (root / "train/b/2.avi").write_text("words")
    report = run(root, tmp_path / "new", data={"bad_limit": 0.25})
    (bad,) = report["bad"]
    assert bad["path"] == str(root / "train/b/2.avi")
    assert bad["reason"].startswith(f"{root}/train/b/2.avi: is not a readable video")
    assert report["over_limit"] == []  # 1 of 4
    assert len(report["files"]) == 5
    rows = list(csv.DictReader((tmp_path / "new/labels.csv").open()))
    assert list(rows[0]) == ["path", "label", "split", "group"]
    assert sorted(row["path"] for row in rows) == sorted(row["new"] for row in report["files"])
    assert not (tmp_path / "new/train/b/2.mp4").exists()
    again = run(root, tmp_path / "new", data={"bad_limit": 0.24})
    assert again["over_limit"] == ["train"]
    with pytest.raises(BadFile, match=r"train/b/2\.avi: is not a readable video"):
        run(root, tmp_path / "other", data={"on_error": "raise"})


def test_where_nothing_can_be_encoded_there_is_no_manifest(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "old" / name).mkdir(parents=True)
        (tmp_path / "old" / name / "1.avi").write_text("words")
    with pytest.raises(ValueError, match=r"none of the 2 files can be encoded; the first: .*a/1\.avi: is not a"):
        run(tmp_path / "old", tmp_path / "new")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["reencode.json"]


def test_a_killed_run_goes_on(films: Films, tmp_path: Path) -> None:
    root, target = films("a/1.avi", "a/2.avi", "b/1.avi", "b/2.avi"), tmp_path / "new"
    for path in root.rglob("*.avi"):
        os.utime(path, (path.stat().st_mtime - 60,) * 2)  # older than what is made of it, however coarse the clock
    whole = run(root, target)
    # as a run leaves it that was killed after half of the files, in the middle of one
    (target / "labels.csv").unlink()
    (target / "reencode.json").write_text(json.dumps({"options": whole["options"]}))
    (target / "b/2.mp4").unlink()
    (target / "b/.writing-2.x.mp4").write_text("half")
    kept = {path: path.stat().st_ino for path in target.rglob("*.mp4") if not path.name.startswith(".")}
    report = run(root, target)
    assert {path: path.stat().st_ino for path in kept} == kept
    assert [row["new"] for row in report["files"] if row["encode_seconds"] is not None] == ["b/2.mp4"]
    assert [row["bytes_after"] for row in report["files"]] == [row["bytes_after"] for row in whole["files"]]
    assert sorted(path.name for path in target.rglob("*")) == sorted(
        ["a", "b", "1.mp4", "2.mp4", "1.mp4", "2.mp4", "labels.csv", "reencode.json"]
    )
    assert json.loads((target / "reencode.json").read_text()) == report


def test_other_options_are_not_mixed_with_what_is_there(films: Films, tmp_path: Path) -> None:
    root, target = films("a/1.avi", "a/2.avi", "b/1.avi", "b/2.avi"), tmp_path / "new"
    run(root, target)
    before = {path: path.stat().st_ino for path in target.rglob("*.*")}
    with pytest.raises(FileExistsError, match=r"new holds what was made with crf=18; overwrite=true would replace it"):
        run(root, target, crf=30)
    other = shutil.copytree(root, tmp_path / "other")
    with pytest.raises(FileExistsError, match=rf"made with root={root};"):
        run(other, target)
    assert {path: path.stat().st_ino for path in target.rglob("*.*")} == before
    report = run(root, target, crf=30, overwrite=True)
    assert all(row["encode_seconds"] is not None for row in report["files"])
    assert report["options"]["crf"] == 30


def test_files_outside_of_the_root_lie_below_the_folder_that_all_have_in_common(
    films: Films, clip: Path, tmp_path: Path
) -> None:
    root = films("a/1.avi", "a/2.avi")
    beside = tmp_path / "beside"
    beside.mkdir()
    shutil.copy(clip, beside / "3.avi")
    (tmp_path / "lists").mkdir()
    lines = [f"{root}/a/1.avi,x", f"{root}/a/1.avi,y", f"{root}/a/2.avi,x", f"{beside}/3.avi,y"]
    (tmp_path / "lists/labels.csv").write_text("\n".join(["path,label", *lines]) + "\n")
    data = {"follow_links": True, "val_share": 0.0}
    target = tmp_path.with_name(f"{tmp_path.name} new")
    report = run(tmp_path / "lists", target, data=data)
    assert [row["new"] for row in report["files"]] == ["old/a/1.mp4", "old/a/2.mp4", "beside/3.mp4"]
    rows = list(csv.DictReader((target / "labels.csv").open()))
    assert [(row["path"], row["label"]) for row in rows] == [
        ("old/a/1.mp4", "x"),
        ("old/a/1.mp4", "y"),  # a file that stands twice is encoded once
        ("old/a/2.mp4", "x"),
        ("beside/3.mp4", "y"),
    ]
    shutil.rmtree(target)


@pytest.mark.parametrize("modality", ["image", "audio"])
def test_only_videos(tmp_path: Path, modality: str) -> None:
    with pytest.raises(ValueError, match=f"modality={modality}: only videos are encoded anew, modality=video"):
        reencode(made(modality), tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"short_side": 63}, "short_side must be an even number"),
        ({"keyframe_every": 0}, "keyframe_every must be"),
        ({"crf": -1}, "crf must be"),
        ({"workers": -1}, "workers must be"),
    ],
)
def test_a_wrong_option_leaves_nothing_behind(
    films: Films, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    root = films("a/1.avi", "b/1.avi")
    with pytest.raises(ValueError, match=message):
        run(root, tmp_path / "new", **options)
    assert not (tmp_path / "new").exists()
