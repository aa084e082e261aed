"""modalities.audio.maps: kept maps are those that the net makes itself, of the files and settings asked for."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from modalities.audio import maps, reading
from modalities.audio.data import AudioData
from modalities.audio.frontend import FRONTENDS
from modalities.audio.net import build
from modalities.audio.options import Data, Net
from modalities.audio.spec import least_steps
from vggx import recipes
from vggx.data.listing import BadFile, Sample
from vggx.data.seeds import seeded

RATE = 8000
pytestmark = pytest.mark.usefixtures("cache")


def net_options(name: str = "logmel", **given: Any) -> Net:
    own = FRONTENDS[name].PUBLISHED or {"n_fft": 256, "hop": 80, "mels": 20}
    own = {key: value for key, value in own.items() if key != "sample_rate"}
    return Net(frontend=name, **{"plan": "micro", "norm": "batch", "head": "pooled", **own, **given})


def data_options(**given: Any) -> Data:
    return Data(**{"sample_rate": RATE, "seconds": 0.5, "batch_size": 4, "num_workers": 0, "cache_maps": True, **given})


def kept(name: str = "logmel", **given: Any) -> AudioData:
    rate = FRONTENDS[name].PUBLISHED.get("sample_rate", RATE)
    return AudioData(data_options(sample_rate=rate, **given), 0, net_options(name))


def plain(data: AudioData, path: Path, view: int = 0, views: int = 1, train: bool = False) -> Tensor:
    """(F, T): what a net makes of the waveform."""
    wave = AudioData(replace(data.options, cache_maps=False)).load(train)(Sample(str(path)), view, views)[0]
    assert data.maps is not None
    return data.maps.frontend(wave[None])[0][0]


def noise(path: Path, samples: int, rate: int = RATE, channels: int = 1, seed: int = 0) -> Path:
    x = 0.1 * np.random.default_rng(seed).normal(size=(samples, channels))
    soundfile.write(path, x, rate)
    return path


def entries(cache: Path) -> list[Path]:
    return [path for path in cache.glob("maps/*/*/*") if path.is_file()]


def no_sound_file(*_: Any, **__: Any) -> None:
    raise AssertionError("a sound file is opened")


# maps


@pytest.mark.parametrize("name", list(FRONTENDS))
@pytest.mark.parametrize(
    ("samples", "rate", "channels"),
    [(3000, RATE, 1), (1, 44100, 1), (9000, 44100, 2), (22050, 44100, 1), (100, RATE, 1)],
)
@pytest.mark.parametrize("train", [True, False])
def test_a_file_of_a_clip_at_most_gives_its_own_map(
    tmp_path: Path, name: str, samples: int, rate: int, channels: int, train: bool
) -> None:
    path, data = noise(tmp_path / "a.wav", samples, rate, channels), kept(name)
    if (2 * samples * data.options.sample_rate + rate) // (2 * rate) == 0:  # the nearest number is none
        with pytest.raises(BadFile, match=r"a\.wav: is too short"):
            data.load(train)(Sample(str(path)), 0, 1)[0]
        return
    for _ in ("made", "known"):
        assert torch.equal(data.load(train)(Sample(str(path)), 0, 1)[0], plain(data, path))


@pytest.mark.parametrize("name", list(FRONTENDS))
@pytest.mark.parametrize("rate", [RATE, 22050])
def test_every_view_of_a_longer_file_has_its_own_map(tmp_path: Path, name: str, rate: int) -> None:
    path, data = noise(tmp_path / "a.wav", 2 * rate + 1, rate), kept(name)
    with seeded(0):
        data.load(True)(Sample(str(path)), 0, 1)[0]  # a whole file's map is no view's
    for _ in ("made", "known"):
        for views in (1, 3):
            for view in range(views):
                found = data.load(False)(Sample(str(path)), view, views)[0]
                assert torch.equal(found, plain(data, path, view, views))


def test_in_training_a_clip_of_a_longer_file_is_cut_from_the_whole_map(tmp_path: Path) -> None:
    path, data = noise(tmp_path / "a.wav", 9000), kept()
    whole = plain(kept(seconds=5.0), path)
    assert whole.shape == (20, 113)
    starts = []
    for seed in range(100):
        with seeded(seed):
            found = data.load(True)(Sample(str(path)), 0, 1)[0]
        assert found.shape == (20, 51)
        (start,) = [n for n in range(63) if torch.equal(found, whole[:, n : n + 51])]
        starts.append(start)
    assert min(starts) < 5
    assert max(starts) > 57
    assert len(set(starts)) > 40


@pytest.mark.parametrize(("limit", "value"), [("LONGEST", 1.0), ("LARGEST", 17_999)])
def test_a_file_that_is_too_large_for_one_piece_is_read_each_time(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: float
) -> None:
    monkeypatch.setattr(maps, limit, value)
    path, data = noise(tmp_path / "a.wav", 9000, channels=2), kept()
    for seed in range(3):
        with seeded(seed):
            expected = plain(data, path, train=True)
        with seeded(seed):
            assert torch.equal(data.load(True)(Sample(str(path)), 0, 1)[0], expected)
    assert entries(cache) == []


def test_batches_are_the_same_on_any_number_of_workers_cold_and_warm(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "data/a").mkdir(parents=True)
    for number, samples in enumerate((900, 4000, 9000, 12_000, 700, 2000)):
        noise(tmp_path / f"data/a/{number}.wav", samples, seed=number)
    (tmp_path / "data/a/bad.wav").write_text("no sound")
    found = []
    for workers in (0, 2, 0):
        data = kept(root=str(tmp_path / "data"), val_share=0, test_share=0, num_workers=workers)
        loader = data.train_dataloader()
        loader.sampler.set_epoch(3)
        found.append(list(loader))
        if workers == 2:
            del loader  # its processes end
            shutil.rmtree(cache)
    for batches in found[1:]:
        for one, other in zip(found[0], batches, strict=True):
            assert one.bad == other.bad
            for name in ("input", "target", "lengths", "file", "view"):
                assert torch.equal(getattr(one, name), getattr(other, name))
    assert {Path(path).name for batch in found[0] for path in batch.bad} == {"bad.wav"}


@pytest.mark.parametrize("name", list(FRONTENDS))
def test_a_shorter_map_is_followed_by_silence(tmp_path: Path, name: str) -> None:
    """So that what is mixed with it is mixed with silence, as waveforms are."""
    (tmp_path / "data/a").mkdir(parents=True)
    for number, samples in enumerate((1000, 4000)):
        noise(tmp_path / f"data/a/{number}.wav", samples)
    data = kept(name, root=str(tmp_path / "data"), val_share=0, test_share=0)
    (batch,) = data.loader(data.dataset("train"))
    frontend = data.maps.frontend
    rate = data.options.sample_rate
    assert batch.lengths.tolist() == [frontend.steps(1000 * rate // RATE), frontend.steps(4000 * rate // RATE)]
    assert batch.input.shape[2] == batch.lengths[1]
    silent = frontend(torch.zeros(1, rate))[0]
    behind = batch.input[0, :, batch.lengths[0] :]
    assert behind.numel() > 0
    assert torch.equal(behind, silent[0, :, :1].expand_as(behind))
    labels = torch.zeros(2, dtype=torch.int64)
    with seeded(0):
        mixed, lengths, _ = recipes.mixup(batch.input, batch.lengths, labels, 2, 1.0)
    assert lengths.max() == batch.lengths[1]
    assert mixed.min() >= silent.min() - 1e-4


# what is known


def test_a_known_file_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short, long = noise(tmp_path / "a.wav", 3000), noise(tmp_path / "b.wav", 9000)
    data = kept()
    loads = [
        lambda path=path, train=train: data.load(train)(Sample(str(path)), 0, 1)[0]
        for path in (short, long)
        for train in (True, False)
    ]
    made = []
    for load in loads:
        with seeded(0):
            made.append(load())
    monkeypatch.setattr(reading, "opened", no_sound_file)
    monkeypatch.setattr(maps, "opened", no_sound_file)
    for load, before in zip(loads, made, strict=True):
        with seeded(0):
            assert torch.equal(load(), before)


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    path, data = noise(tmp_path / "a.wav", 3000), kept()
    load = data.load(False)
    first = load(Sample(str(path)), 0, 1)[0]
    time = path.stat().st_mtime_ns
    noise(path, 3000, seed=1)
    os.utime(path, ns=(time, time + 1))
    second = load(Sample(str(path)), 0, 1)[0]
    assert torch.equal(second, plain(data, path))
    assert not torch.equal(first, second)
    noise(path, 3001, seed=2)
    os.utime(path, ns=(time, time + 1))
    assert torch.equal(load(Sample(str(path)), 0, 1)[0], plain(data, path))


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "cut in its head": lambda data: data[:20],
    "cut": lambda data: data[:-1],
    "longer": lambda data: data + b"\0",
    "blank": lambda data: bytes(len(data)),
    "a bit of the sum": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "a bit of a number": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "a bit of its size": lambda data: data[:25] + bytes([data[25] ^ 1]) + data[26:],
    "text": lambda data: b"something else altogether" * 9,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_map_is_made_anew(tmp_path: Path, cache: Path, damage: str) -> None:
    path, data = noise(tmp_path / "a.wav", 3000), kept()
    expected = data.load(False)(Sample(str(path)), 0, 1)[0]
    (entry,) = entries(cache)
    whole = entry.read_bytes()
    entry.write_bytes(DAMAGES[damage](whole))
    assert torch.equal(data.load(False)(Sample(str(path)), 0, 1)[0], expected)
    assert entry.read_bytes() == whole


def test_files_of_one_name_in_two_folders_are_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = kept()
    for number, folder in enumerate((tmp_path / "one", tmp_path / "two")):
        folder.mkdir()
        noise(folder / "a.wav", 3000, seed=number)
        os.utime(folder / "a.wav", ns=(10**18, 10**18))
        monkeypatch.chdir(folder)
        assert torch.equal(data.load(False)(Sample("a.wav"), 0, 1)[0], plain(data, folder / "a.wav"))


CHANGES: list[dict[str, Any]] = [
    {"net": {"n_fft": 512}},
    {"net": {"hop": 40}},
    {"net": {"mels": 24}},
    {"net": {"f_min": 100.0}},
    {"net": {"f_max": 3000.0}},
    {"net": {"mel_scale": "slaney"}},
    {"net": {"plan": "micro4"}},  # which takes longer clips at the least
    {"data": {"sample_rate": 16000}},
    {"data": {"seconds": 0.25}},
    {"data": {"max_seconds": 1.0}},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_other_settings_know_nothing_of_each_other(tmp_path: Path, change: dict[str, dict[str, Any]]) -> None:
    for samples in (100, 3000, 6000):
        path = noise(tmp_path / f"{samples}.wav", samples)
        first = AudioData(data_options(), 0, net_options())
        other = AudioData(data_options(**change.get("data", {})), 0, net_options(**change.get("net", {})))
        for data in (first, other, first, other):
            assert torch.equal(data.load(False)(Sample(str(path)), 0, 1)[0], plain(data, path))


def test_what_does_not_change_a_map_shares_it(cache: Path, tmp_path: Path) -> None:
    path = noise(tmp_path / "a.wav", 3000)
    given = [{}, {"floor_db": 40.0}, {"subtract_mean": True}, {"norm": "none"}, {"mean": [0.0], "std": [1.0]}]
    for number, options in enumerate(given):
        data = AudioData(data_options(clips=1 + number, batch_size=1 + number), 0, net_options(**options))
        data.load(number % 2 == 0)(Sample(str(path)), 0, 1 + number)
    assert len(entries(cache)) == 1


def test_files_that_options_refuse_are_refused_though_they_are_known(tmp_path: Path) -> None:
    path = noise(tmp_path / "a.wav", 3000, channels=2)
    kept().load(False)(Sample(str(path)), 0, 1)[0]
    with pytest.raises(BadFile, match=r"a\.wav: has 2 channels"):
        kept(channels="mono").load(False)(Sample(str(path)), 0, 1)[0]
    with pytest.raises(BadFile, match=r"a\.wav: is 0 s long by its header, more than modality\.data\.max_seconds=0\.1"):
        kept(max_seconds=0.1).load(False)(Sample(str(path)), 0, 1)[0]


@pytest.mark.parametrize("train", [True, False])
def test_a_bad_file_is_named_each_time_and_not_kept(tmp_path: Path, cache: Path, train: bool) -> None:
    load, path = kept().load(train), tmp_path / "a.wav"
    path.write_text("no sound at all, only words")
    for _ in range(2):
        with pytest.raises(BadFile, match=r"a\.wav: is not a readable sound file"):
            load(Sample(str(path)), 0, 1)[0]
    assert entries(cache) == []
    noise(path, 3000)
    load(Sample(str(path)), 0, 1)[0]
    path.unlink()
    with pytest.raises(BadFile, match=r"a\.wav: does not exist"):
        load(Sample(str(path)), 0, 1)[0]


def test_a_cache_that_cannot_be_written_is_refused_at_once(tmp_path: Path, cache: Path) -> None:
    cache.write_text("a file where a folder should be")
    with pytest.raises(ValueError, match=r"modality\.data\.cache_maps=true: .* cannot be written .*VGGX_CACHE names"):
        kept()


def test_a_cache_that_fills_up_stops_nothing(tmp_path: Path, cache: Path) -> None:
    path, data = noise(tmp_path / "a.wav", 3000), kept()
    shutil.rmtree(data.maps.folder)
    Path(data.maps.folder).write_text("no folder any more")
    for _ in range(2):
        assert torch.equal(data.load(True)(Sample(str(path)), 0, 1)[0], plain(data, path))


# options


@pytest.mark.parametrize("frequency", ["channels", "pooled"])
@pytest.mark.parametrize("given", [{}, {"plan": "A"}, {"grid": [3], "head": "fc"}, {"time_pools": [4, 1, 3]}], ids=str)
def test_the_least_steps_are_those_of_the_net(frequency: str, given: dict[str, Any]) -> None:
    if frequency == "pooled" and "grid" in given:
        given = {"width": 0.5}
    options, data = net_options(frequency=frequency, bands=4, **given), data_options(seconds=2.0)
    assert least_steps(options, data) == build(options, data, 3).vgg.least_valid


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time_shift", 0.1),
        ("gain_db", 6.0),
        ("noise_snr", [5.0, 20.0]),
        ("time_stretch", [0.8, 1.25]),
        ("pitch_shift", 2.0),
    ],
)
def test_changes_of_waveforms_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(
        ValueError, match=rf"modality\.data\.{name}=.* changes waveforms, and modality\.data\.cache_maps"
    ):
        kept(**{name: value})


def test_what_to_set_is_said_of_all_changes_of_waveforms_at_once() -> None:
    off = r"take modality\.data\.time_shift=0 modality\.data\.noise_snr=\[\], or leave out cache_maps"
    with pytest.raises(ValueError, match=off):
        kept(time_shift=0.1, noise_snr=[5.0, 20.0], frequency_mask=4)


# real recordings


def test_the_spoken_digits_are_the_nets_own_maps(shared_data: Path) -> None:
    data = AudioData(data_options(root=str(shared_data / "fsdd"), seconds=0.8, batch_size=32), 0, net_options(mels=40))
    waves = AudioData(replace(data.options, cache_maps=False))
    net = build(net_options(mels=40, mean=[-5.0], std=[3.0]), data.options, 10).eval()
    for batches in zip(data.test_dataloader(), waves.test_dataloader(), strict=True):
        maps_of = [net.prepared(batch.input, batch.lengths) for batch in batches]
        (one, valid), (other, known) = maps_of
        assert torch.equal(valid, known)
        assert torch.equal(one.movedim(1, 2)[valid], other.movedim(1, 2)[valid])
        with torch.no_grad():
            logits = [net(batch.input, batch.lengths) for batch in batches]
        torch.testing.assert_close(*logits, rtol=0, atol=1e-6)
