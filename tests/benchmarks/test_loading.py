"""The loading benchmark compares what it says, and the pages have the tables of its results."""

import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import decord
import numpy as np
import pytest
import torch

from modalities.audio import tones
from vggx.data.seeds import seeded
from vggx.net import PreparedNet

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        import films
        import kept_maps
        import loading
        import loops
        import turns

        yield SimpleNamespace(films=films, kept_maps=kept_maps, loading=loading, loops=loops, turns=turns)
    decord.bridge.reset_bridge()  # which pytorchvideo has set for the whole process


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 frames of 64 x 48, each a grey of its own with noise."""
    path, draw = tmp_path_factory.mktemp("clip") / "clip.mp4", np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(40):
            picture = np.clip(draw.normal(40 + 4 * number, 20, (48, 64, 3)), 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def test_the_pages_have_the_tables_of_the_results(script: Any) -> None:
    found = json.loads(script.loading.RESULT.read_text(encoding="utf-8"))
    for page, tables in script.loading.tables(found).items():
        text = (ROOT / page).read_text(encoding="utf-8")
        assert found["command"] in text
        assert script.loading.fill(text, tables) == text
    assert {row["data"] for row in found["datamodules"]} == set(script.loops.SETS)
    assert all(row["wrong_by_ours"] == 0 for row in found["exactness"])


# loops


@pytest.mark.parametrize("name", ["digits", "moving_digits", "tones"])
def test_the_plain_loop_reads_what_the_datamodule_reads(script: Any, name: str) -> None:
    modality = script.loops.modality_of(name, None)
    data = modality.open_data(0)
    samples, plain = script.loops.shortened(data, 3), script.loops.PLAIN[modality.name](modality.data)
    items = data.dataset("train", train=True)
    expected = script.loops.collate([items[(0, n)] for n in range(3)])
    ours = data.load(True)
    for sample in samples:
        with seeded(5):
            one = plain(sample.path)
        with seeded(5):
            assert torch.equal(ours(sample, 0, 1)[0], one)
    (batch,) = script.loops.plain_batches(plain, samples, 3)
    assert torch.equal(batch.target, expected.target)
    assert batch.input.shape == expected.input.shape


def test_sounds_of_different_lengths_have_them_in_the_loop(script: Any) -> None:
    sounds = iter([torch.ones(3), torch.ones(5)])
    samples = [script.loops.Sample("a", 4), script.loops.Sample("b", 7)]
    (batch,) = script.loops.plain_batches(lambda path: next(sounds), samples, 2)
    assert batch.lengths.tolist() == [3, 5]
    assert batch.target.tolist() == [4, 7]
    assert batch.input.tolist() == [[1, 1, 1, 0, 0], [1] * 5]


def test_a_set_that_is_not_at_hand_is_left_out(script: Any) -> None:
    assert script.loops.modality_of("fight_surv", None) is None


@pytest.mark.parametrize("name", ["digits", "moving_digits", "tones"])
def test_the_parts_of_loading_are_one_after_the_other(script: Any, name: str) -> None:
    modality = script.loops.modality_of(name, None)
    data = modality.open_data(0)
    (sample,) = script.loops.shortened(data, 1)
    header, decoded = script.loops.PARTS[modality.name](modality.data)
    header(sample.path)
    with seeded(0):
        found = decoded(sample.path)
    with seeded(0):
        whole = data.load(True)(sample, 0, 1)[0]
    if name == "tones":
        assert torch.equal(torch.from_numpy(found[0]), whole)
    else:
        assert found.dtype == whole.dtype == torch.uint8
        assert found.ndim == whole.ndim


# films


def test_all_ways_read_the_same_frames_of_a_long_film(
    script: Any, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script.films, "LENGTH", 100)
    for size, every in ((None, 250), ((32, 24), 16)):
        path = tmp_path / f"{every}.mp4"
        script.films.film(clip, path, size, every)
        with av.open(str(path)) as container:
            frames = list(container.decode(video=0))
        assert [frame.pts for frame in frames] == [frames[1].pts * number for number in range(100)]
        assert [n for n, frame in enumerate(frames) if frame.key_frame] == list(range(0, 100, every))
        assert (frames[0].width, frames[0].height) == (size or (64, 48))
        truth = np.stack([frame.to_ndarray(format="rgb24") for frame in frames])
        for start in (0, 37, 68):
            numbers = script.films.frames_from(start)
            for way, read in script.films.READERS.items():
                found = read(str(path), start)
                if isinstance(found, torch.Tensor):  # (T, 3, H, W), or as pytorchvideo has it (3, T, H, W)
                    found = found.permute(1, 2, 3, 0) if found.shape[0] == 3 else found.permute(0, 2, 3, 1)
                    found = found.numpy()
                assert found.shape == (16, *truth.shape[1:])
                near = np.abs(found.astype(int) - truth[numbers]).mean((1, 2, 3))
                if way.startswith("pytorchvideo"):  # takes frames evenly of a stretch of time, to the nearest
                    continue
                assert near.max() < 6, way


def test_a_frame_that_shows_another_is_misplaced(script: Any) -> None:
    truth = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    noisy = np.clip(truth.astype(int) + 3, 0, 255).astype(np.uint8)
    assert script.films.misplaced(noisy[[1, 3]], [1, 3], truth) == 0
    assert script.films.misplaced(noisy[[1, 4]], [1, 3], truth) == 0.5
    still = np.repeat(truth[:1], 6, 0)
    assert script.films.misplaced(still[[1, 4]], [1, 3], still) == 0


# kept maps


def test_kept_maps_are_counted_as_the_net_eats_them(script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    eaten = PreparedNet.eaten

    def watch(self: PreparedNet, x: torch.Tensor, lengths: torch.Tensor | None = None) -> Any:
        seen.append(x.ndim)
        return eaten(self, x, lengths)

    monkeypatch.setattr(PreparedNet, "eaten", watch)
    monkeypatch.setattr(
        tones, "FILES", {"train": 2, "val": 1, "test": 1}
    )  # of each class, written into a cache of its own
    (row,) = script.kept_maps.sounds(None, 2, 4)
    assert (row["data"], row["files"]) == ("tones", 4)
    assert seen == [2, 3, 3] * 3  # waveforms, cold, warm


# turns


def test_a_ratio_is_the_median_of_pairs(script: Any) -> None:
    assert script.turns.ratio([2.0, 9.0, 3.0], [1.0, 3.0, 3.0]) == 2.0


def test_the_quartiles_are_of_the_pairs(script: Any) -> None:
    above, below = [1.0, 4.0, 9.0, 16.0, 25.0], [1.0, 2.0, 3.0, 4.0, 5.0]
    assert script.turns.quartiles(above, below) == [2.0, 4.0]
    assert statistics.median(script.turns.ratios(above, below)) == script.turns.ratio(above, below)
    row = {"a": 2.0, "a_quartiles": [1.5, 2.25]}
    assert script.turns.spread(row, "a") == "2.00 (1.50 to 2.25)"


def test_ways_take_turns_and_the_first_round_does_not_count(script: Any) -> None:
    turns: list[str] = []
    rates = iter(range(100))

    def way(name: str) -> float:
        turns.append(name)
        return float(next(rates))

    found = script.turns.in_turn({name: lambda name=name: way(name) for name in "ab"}, 2)
    assert turns == list("ababab")
    assert found == {"a": [2.0, 4.0], "b": [3.0, 5.0]}
