"""The loading benchmark compares what it says: the plain loop gives the datamodule's samples, wrong frames are seen."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch

from vggx.data.seeds import seeded

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/loading.py"))


@pytest.mark.parametrize("name", ["digits", "moving_digits", "tones"])
def test_the_plain_loop_reads_what_the_datamodule_reads(name: str) -> None:
    modality = SCRIPT["modality_of"](name, None)
    data = modality.open_data(0)
    paths = SCRIPT["shortened"](data, 3)
    plain, ours = SCRIPT["PLAIN"][modality.name](modality.data), data.load(True)
    for path, sample in zip(paths, data.find().splits["train"], strict=True):
        with seeded(5):
            expected = plain(path)
        with seeded(5):
            assert torch.equal(ours(sample, 0, 1), expected)


def test_a_set_that_is_not_at_hand_is_left_out() -> None:
    assert SCRIPT["modality_of"]("fight_surv", None) is None


def test_a_frame_that_shows_another_is_misplaced() -> None:
    truth = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    noisy = np.clip(truth.astype(int) + 3, 0, 255).astype(np.uint8)
    assert SCRIPT["misplaced"](noisy[[1, 3]], [1, 3], truth) == 0
    assert SCRIPT["misplaced"](noisy[[1, 4]], [1, 3], truth) == 0.5
    still = np.repeat(truth[:1], 6, 0)
    assert SCRIPT["misplaced"](still[[1, 4]], [1, 3], still) == 0


def test_a_ratio_is_the_median_of_pairs() -> None:
    assert SCRIPT["ratio"]([2.0, 9.0, 3.0], [1.0, 3.0, 3.0]) == 2.0
