"""What a data set holds, against the files themselves, read by PIL, soundfile and numpy without this project."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from omegaconf import OmegaConf
from PIL import Image

from vggx import configs, settings
from vggx.commands.data_stats.stats import stats
from vggx.data.listing import SPLITS

KEYS = {
    "modality": str,
    "root": str,
    "source": str,
    "files": dict,
    "targets": str,
    "classes": list,
    "numbers": list,
    "words": list,
    "input": dict,
    "unreadable": list,
    "groups_on_both_sides": list,
    "notes": list,
}
ROWS = {
    "classes": ["class", *SPLITS],
    "numbers": ["fact", "min", "median", "mean", "max"],
    "words": ["fact", "value", "files", "share"],
    "unreadable": ["split", "path", "reason"],
    "groups_on_both_sides": ["group", *SPLITS],
}


def look(modality: str, *, measured: bool = True, **changes: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    config = OmegaConf.create({"modality": configs.load(f"modality/{modality}")})
    for key, value in {"data__num_workers": 0, **changes}.items():
        OmegaConf.update(config, f"modality.{key.replace('__', '.')}", value)
    return stats(settings.resolve(config), measured=measured)


def number(summary: dict[str, Any], fact: str) -> tuple[float, ...]:
    (row,) = [row for row in summary["numbers"] if row["fact"] == fact]
    return row["min"], row["median"], row["mean"], row["max"]


def figures(values: Any) -> tuple[float, ...]:
    return pytest.approx((np.min(values), np.median(values), np.mean(values), np.max(values)))


@pytest.fixture(scope="module")
def spoken(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 recordings of spoken digits: two of the six speakers, the groups, on both sides."""
    root = tmp_path_factory.mktemp("spoken")
    rows = list(csv.DictReader((shared_data / "fsdd/labels.csv").open()))[::50]
    split_of = {"george": "train", "jackson": "train", "lucas": "test", "nicolas": "val"}
    with (root / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "group", "split"])
        for index, row in enumerate(rows):
            name = Path(row["path"]).name
            shutil.copy(shared_data / "fsdd" / row["path"], root / name)
            split = split_of.get(row["speaker"], SPLITS[index // 6 % 3])
            writer.writerow([name, row["label"], row["speaker"], split])
    return root


def test_the_summary_has_always_the_same_keys(spoken: Path) -> None:
    summary, rows = look("audio", data__root=str(spoken))
    assert {key: type(value) for key, value in summary.items()} == KEYS
    assert json.loads(json.dumps(summary)) == summary  # plain values throughout
    for key, names in ROWS.items():
        assert all(list(row) == names for row in summary[key])
    assert list(rows[0]) == ["path", "split", "class", "group", "seconds", "rate", "channels", "encoding", "error"]
    assert all(row.keys() == rows[0].keys() for row in rows)
    assert look("audio", measured=False)[0]["input"] is None
    assert look("audio", measured=False)[0]["root"] is None


def test_sounds_are_as_soundfile_has_them(spoken: Path) -> None:
    summary, rows = look("audio", data__root=str(spoken), measured=False)
    known = {str(path): soundfile.info(path) for path in spoken.glob("*.wav")}
    assert len(known) == len(rows) == 60
    for row in rows:
        info = known[row["path"]]
        assert row["seconds"] == info.frames / info.samplerate
        assert (row["rate"], row["channels"], row["encoding"], row["error"]) == (8000, 1, "WAV PCM_16", None)
    assert number(summary, "seconds") == figures([info.duration for info in known.values()])
    assert number(summary, "rate") == (8000, 8000, 8000, 8000)
    assert summary["words"] == [{"fact": "encoding", "value": "WAV PCM_16", "files": 60, "share": 1.0}]


def test_counts_and_groups_are_those_of_the_manifest(spoken: Path) -> None:
    summary, rows = look("audio", data__root=str(spoken), measured=False)
    listed = list(csv.DictReader((spoken / "labels.csv").open()))
    assert {row["path"]: row["class"] for row in rows} == {str(spoken / row["path"]): row["label"] for row in listed}
    for split in SPLITS:
        assert summary["files"][split] == sum(row["split"] == split for row in listed)
        for row in summary["classes"]:
            assert row[split] == sum(each["split"] == split and each["label"] == row["class"] for each in listed)
    assert [row["class"] for row in summary["classes"]] == [str(digit) for digit in range(10)]
    torn = {row["group"]: tuple(row[split] for split in SPLITS) for row in summary["groups_on_both_sides"]}
    assert torn.keys() == {"theo", "yweweler"}
    for group, counts in torn.items():
        assert counts == tuple(sum(each["group"] == group and each["split"] == s for each in listed) for s in SPLITS)
    assert any("train and val: 2, such as theo" in note for note in summary["notes"])


def test_unreadable_files_are_named_with_the_reason(spoken: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(spoken, tmp_path / "damaged"))
    by_split = {split: [row["path"] for row in look("audio", data__root=str(root), measured=False)[1]
                        if row["split"] == split] for split in SPLITS}  # fmt: skip
    empty, cut, silent = Path(by_split["test"][0]), Path(by_split["val"][1]), Path(by_split["train"][2])
    empty.write_bytes(b"")
    cut.write_bytes(cut.read_bytes()[:3000])
    soundfile.write(silent, np.zeros(4000), 8000)
    summary, rows = look("audio", data__root=str(root))
    found = {row["path"]: (row["split"], row["reason"]) for row in summary["unreadable"]}
    assert found.keys() == {str(empty), str(cut), str(silent)}
    assert found[str(empty)] == ("test", f"{empty}: is empty (0 bytes)")
    assert found[str(cut)][1].startswith(f"{cut}: is truncated: 3000 bytes where")
    assert found[str(silent)] == ("train", f"{silent}: is silence, every sample is 0")
    assert {row["path"]: row["error"] for row in rows if row["error"]} == {p: why for p, (_, why) in found.items()}
    assert summary["words"][0]["files"] == 58  # headers that can be read
    # silence is found by reading, not by the header
    summary, _ = look("audio", data__root=str(root), measured=False)
    assert {row["path"] for row in summary["unreadable"]} == {str(empty), str(cut)}


def test_images_are_as_pil_has_them_and_measured_as_numpy_does(shared_data: Path) -> None:
    root = shared_data / "fashion_mnist/folder_small"
    same = {"data__size": 28, "data__resize": 28, "data__channels": 1, "net__plan": "micro"}
    summary, rows = look("image", data__root=str(root), **same)
    pixels = []
    for row in rows:
        with Image.open(row["path"]) as image:
            assert (row["width"], row["height"], row["mode"]) == (*image.size, image.mode) == (28, 28, "L")
            if row["split"] == "train":
                pixels.append(np.asarray(image) / 255)
    assert summary["files"] == {"train": 850, "val": 150, "test": 200}
    assert [row["train"] + row["val"] for row in summary["classes"]] == [100] * 10
    assert summary["input"]["mean"] == pytest.approx([np.mean(pixels)], abs=1e-7)
    assert summary["input"]["std"] == pytest.approx([np.std(pixels)], abs=1e-7)
    # of 50,000 more images 0.2860 and 0.3530 are published
    assert summary["input"]["mean"] == pytest.approx([0.2860], abs=0.01)
    assert summary["input"]["std"] == pytest.approx([0.3530], abs=0.01)


def test_principal_colours_are_numpys(tmp_path: Path) -> None:
    draw, pixels = np.random.default_rng(0), []
    for label in ("a", "b"):
        (tmp_path / "train" / label).mkdir(parents=True)
        for number in range(4):
            grey = draw.normal(128, 40, (32, 32, 1)) + draw.normal(0, 10, (32, 32, 3))
            image = grey.clip(0, 255).astype(np.uint8)
            Image.fromarray(image).save(tmp_path / "train" / label / f"{number}.png")
            pixels.append(image.reshape(-1, 3) / 255)
    same = {"data__root": str(tmp_path), "data__size": 32, "data__resize": 32, "data__val_share": 0.0}
    summary, _ = look("image", net__plan="micro", **same)
    covariance = np.cov(np.concatenate(pixels).T, ddof=0)
    np.testing.assert_allclose(summary["input"]["rgb_covariance"], covariance, rtol=1e-5)
    found = summary["input"]["principal_colours"]
    np.testing.assert_allclose([row["variance"] for row in found], np.linalg.eigvalsh(covariance)[::-1], rtol=1e-5)
    for row in found:
        np.testing.assert_allclose(covariance @ row["rgb"], row["variance"] * np.array(row["rgb"]), atol=1e-7)
    json.dumps(summary)  # plain numbers
    grey, _ = look("image", net__plan="micro", data__channels=1, **same)
    assert set(grey["input"]) == {"mean", "std"}


def test_images_of_idx_files(shared_data: Path, tmp_path: Path) -> None:
    small = {"data__source": "idx", "data__channels": 1}
    summary, rows = look("image", data__root=str(shared_data / "fashion_mnist/idx"), measured=False, **small)
    assert sum(summary["files"].values()) == len(rows) == 70000
    assert summary["words"] == [{"fact": "mode", "value": "L", "files": 70000, "share": 1.0}]
    assert number(summary, "width") == number(summary, "height") == (28, 28, 28, 28)


def test_words_are_counted_over_the_headers_that_can_be_read(tmp_path: Path) -> None:
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
    for name, mode, size in (("a/1.png", "L", (4, 9)), ("a/2.png", "RGB", (6, 9)), ("b/3.png", "RGB", (8, 3))):
        Image.new(mode, size).save(tmp_path / name)
    (tmp_path / "b/4.png").write_text("no image")
    summary, _ = look("image", data__root=str(tmp_path), measured=False)
    assert summary["words"] == [
        {"fact": "mode", "value": "RGB", "files": 2, "share": 2 / 3},
        {"fact": "mode", "value": "L", "files": 1, "share": 1 / 3},
    ]
    assert number(summary, "width") == (4, 6, 6, 8)
    assert number(summary, "height") == (3, 9, 7, 9)


def test_the_share_of_videos_that_decord_does_not_read(shared_data: Path, tmp_path: Path) -> None:
    for name, label in (("C3D__v_ApplyEyeMakeup_g01_c01.avi", "a"), ("torchcodec__av1_video.mkv", "a"),
                        ("mmaction2__demo.mp4", "b"), ("decord__flipping_a_pancake.mkv", "b")):  # fmt: skip
        (tmp_path / label).mkdir(exist_ok=True)
        shutil.copy(shared_data / "media/video" / name, tmp_path / label)
    (tmp_path / "b/words.mp4").write_text("words")
    summary, rows = look("video", data__root=str(tmp_path), measured=False)
    counts = {(row["fact"], row["value"]): (row["files"], row["share"]) for row in summary["words"]}
    assert counts["decoder", "pyav"] == counts["decoder", "decord"] == (2, 0.5)
    assert counts["pyav_because", "codec av1"] == counts["pyav_because", "container avi"] == (1, 0.25)
    assert counts["codec", "h264"] == (2, 0.5)
    frames = []
    for row in rows:
        if row["error"] is None:
            with av.open(row["path"]) as container:
                frames.append(sum(1 for _ in container.decode(video=0)))
    assert number(summary, "frames") == figures(frames)
    assert [row["path"] for row in summary["unreadable"]] == [str(tmp_path / "b/words.mp4")]


def test_what_cannot_be_measured_is_a_note(tmp_path: Path) -> None:
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        for number in range(4):
            Image.new("L", (32, 32), 7).save(tmp_path / label / f"{number}.png")
    summary, rows = look("image", data__root=str(tmp_path), net__plan="micro", data__size=32, data__channels=1)
    assert len(rows) == 8
    assert summary["input"] is None
    assert summary["notes"][-1].startswith("mean and standard deviation cannot be measured: a channel has the same")


def test_on_error_raise_does_not_hide_the_second_bad_file(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    for label in ("a", "b"):
        (tmp_path / "train" / label).mkdir(parents=True)
        Image.fromarray(draw.integers(0, 255, (32, 32), np.uint8)).save(tmp_path / "train" / label / "0.png")
        whole = (tmp_path / "train" / label / "0.png").read_bytes()
        (tmp_path / "train" / label / "1.png").write_bytes(whole[:300])  # its header is fine
    options = {"net__plan": "micro", "data__size": 32, "data__channels": 1, "data__val_share": 0.0}
    summary, _ = look("image", data__root=str(tmp_path), data__on_error="raise", **options)
    assert [Path(row["path"]).name for row in summary["unreadable"]] == ["1.png", "1.png"]
    assert number(summary, "width") == (32, 32, 32, 32)
