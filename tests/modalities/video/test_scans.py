"""modalities.video.scans: what is known is not scanned again, and what is damaged or has changed is."""

import gc
import multiprocessing
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from modalities.video import scans
from modalities.video.bounds import Bounds
from modalities.video.packets import Packets
from vggx.data.listing import BadFile

BOUNDS = Bounds(10**7, 60)


@pytest.fixture
def video(film: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A film of this test's own, and a cache that knows nothing."""
    monkeypatch.setenv("VGGX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(scans, "memory", {})
    return Path(shutil.copy(film("scans.avi", "mpeg4", g="10", bf="0"), tmp_path / "a.avi"))


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that are scanned, in order."""
    paths: list[str] = []

    def scan(path: str, bounds: Bounds) -> Packets:
        paths.append(path)
        return whole(path, bounds)

    whole = scans.scan
    monkeypatch.setattr(scans, "scan", scan)
    return paths


def forget() -> None:
    """As a new process begins."""
    scans.memory.clear()


def same(one: Packets, other: Packets) -> bool:
    return all(np.array_equal(value, vars(other)[name]) for name, value in vars(one).items())


def test_a_file_is_scanned_once_for_all_processes(video: Path, scanned: list[str]) -> None:
    first = scans.packets_of(str(video), BOUNDS)
    assert scans.packets_of(str(video), BOUNDS) is first
    forget()
    again = scans.packets_of(str(video), BOUNDS)
    assert scanned == [str(video)]
    assert again is not first
    assert same(again, first)
    assert (again.times.dtype, again.turn, again.length) == (np.int64, (1, 0, 0, 1), 60)


def test_a_file_that_changes_is_scanned_anew(video: Path, scanned: list[str]) -> None:
    scans.packets_of(str(video), BOUNDS)
    os.utime(video, ns=(0, 1))
    assert scans.known(str(video)) is None
    scans.packets_of(str(video), BOUNDS)
    forget()
    video.write_bytes(video.read_bytes() + b"\0")
    os.utime(video, ns=(0, 1))
    assert scans.known(str(video)) is None
    scans.packets_of(str(video), BOUNDS)
    assert len(scanned) == 3


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"length": 60', '"length": 61'),
        lambda text: text.replace("a", "b"),
        lambda text: "[]",
        lambda text: f"{scans.checksum('[1, {}]')}\n[1, {{}}]",  # of another form, and whole
        lambda text: f"{scans.checksum('7')}\n7",
    ],
)
def test_a_damaged_cache_is_made_anew(video: Path, scanned: list[str], spoil: Callable[[str], str]) -> None:
    first = scans.packets_of(str(video), BOUNDS)
    place = scans.place(str(video))
    text = place.read_text()
    place.write_text(spoil(text))
    forget()
    assert same(scans.packets_of(str(video), BOUNDS), first)
    assert len(scanned) == 2
    assert place.read_text() == text


def test_a_cache_that_is_not_text(video: Path, scanned: list[str]) -> None:
    scans.packets_of(str(video), BOUNDS)
    scans.place(str(video)).write_bytes(b"\xff\xfe\x00")
    forget()
    assert scans.packets_of(str(video), BOUNDS).length == 60
    assert len(scanned) == 2


def test_a_cache_that_cannot_be_written(
    video: Path, scanned: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("VGGX_CACHE", str(tmp_path / "file" / "cache"))
    first = scans.packets_of(str(video), BOUNDS)
    assert scans.packets_of(str(video), BOUNDS) is first
    assert len(scanned) == 1


def test_the_bounds_hold_for_what_is_known_too(video: Path) -> None:
    scans.packets_of(str(video), BOUNDS)
    with pytest.raises(BadFile, match=r"max_pixels=100"):
        scans.packets_of(str(video), Bounds(100, 60))
    with pytest.raises(BadFile, match=r"max_seconds=1"):
        scans.packets_of(str(video), Bounds(10**7, 1))


def test_memory_is_bounded(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scans, "LIMIT", 2)
    names = [str(shutil.copy(video, tmp_path / f"{number}.avi")) for number in range(3)]
    for name in names:
        scans.packets_of(name, BOUNDS)
    assert list(scans.memory) == names[1:]


def packets_of_all(names: list[str]) -> list[int]:
    return [scans.packets_of(name, BOUNDS).length for name in names]


def test_many_processes_at_once(video: Path, tmp_path: Path) -> None:
    names = [str(shutil.copy(video, tmp_path / f"{number}.avi")) for number in range(8)]
    with multiprocessing.get_context("fork").Pool(4) as pool:
        assert pool.map(packets_of_all, [names] * 4, chunksize=1) == [[60] * 8] * 4
    assert all(scans.known(name) for name in names)
    assert not list((tmp_path / "cache").rglob(".writing-*"))


def test_a_process_may_end_what_it_inherits_from_a_scan(film: Callable[..., Path]) -> None:
    """Threads of a decoder or converter would not exist in it, and waiting for them crashes it."""
    path = str(film("fork.mp4", "libx264", g="10"))
    gc.collect()  # what encoders left behind
    scans.scan(path, BOUNDS)
    child = multiprocessing.get_context("fork").Process(target=collect, args=(path,))
    child.start()
    child.join(30)
    assert child.exitcode == 0


def collect(path: str) -> None:
    gc.collect()
    scans.scan(path, BOUNDS)
    gc.collect()


def test_who_reads_how_many(video: Path, film: Callable[..., Path], tmp_path: Path, scanned: list[str]) -> None:
    clean, text = film("clean.mp4", "libx264", g="10"), tmp_path / "text.mp4"
    text.write_text("no film")
    (tmp_path / "folder").mkdir()
    paths = [str(path) for path in (video, clean, text, tmp_path / "folder")]
    nobody = {"decord": 0, "pyav": 0, "frames": 1, "unknown": 3, "reasons": {}}
    assert scans.decoders(paths) == nobody
    assert scanned == []
    everybody = {"decord": 1, "pyav": 1, "frames": 1, "unknown": 1, "reasons": {"container avi": 1}}
    assert scans.decoders(paths, BOUNDS) == everybody
    forget()
    assert scans.decoders(paths) == everybody  # from the disk
