"""vggx.recipes.batches: what is mixed with what, by which share, and what becomes of the label."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import CutMix

from vggx import recipes
from vggx.options import Recipe

# mixup


def test_mixup_mixes_samples_and_labels_by_the_same_share() -> None:
    torch.manual_seed(3)
    x = torch.arange(6.0)[:, None] * torch.ones(6, 4)
    labels = torch.arange(6)
    mixed, lengths, target = recipes.mixup(x, None, labels, 6, alpha=1.0)
    assert lengths is None
    torch.testing.assert_close(target.sum(1), torch.ones(6))
    # a sample's value is its label, so the expected label under the target is the mixture itself
    torch.testing.assert_close(mixed, (target @ labels.float())[:, None].expand(6, 4))
    shares = target[torch.arange(6), labels]
    assert len(set(shares.tolist())) > 2  # each sample has a share of its own


def test_a_mixture_is_as_long_as_its_longer_clip() -> None:
    torch.manual_seed(0)
    lengths = torch.tensor([3, 10, 6, 8])
    _, longer, target = recipes.mixup(torch.zeros(4, 10), lengths, torch.arange(4), 4, alpha=1.0)
    for index in range(4):
        parts = set(target[index].nonzero().flatten().tolist()) | {index}
        assert longer[index] == max(lengths[part] for part in parts)


def test_bytes_are_mixed_as_floats() -> None:
    torch.manual_seed(0)
    pixels = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1).expand(2, 3, 4, 4)
    mixed, _, target = recipes.mixup(pixels, None, torch.tensor([0, 1]), 2, alpha=0.4)
    torch.testing.assert_close(mixed[:, 0, 0, 0], target[:, 1])


def test_shares_are_drawn_from_beta() -> None:
    """Of Beta(a, a) the mean is 1/2 and the variance 1 / (4 (2 a + 1))."""
    torch.manual_seed(0)
    n = 4000
    _, _, target = recipes.mixup(torch.zeros(n, 1), None, torch.arange(n), n, alpha=0.4)
    shares = target.diagonal()
    assert shares.mean().item() == pytest.approx(0.5, abs=0.02)
    assert shares.var().item() == pytest.approx(1 / (4 * 1.8), rel=0.06)


# cutmix

SHAPES = {"image": (3, 16, 20), "clip": (3, 4, 16, 20), "waveform": (40,), "maps": (8, 40)}


def numbered(kind: str, count: int = 12) -> Tensor:
    """(N, ...) bytes or floats: every sample holds its number and nothing else."""
    dtype = torch.uint8 if kind in ("image", "clip") else torch.float32
    return torch.arange(count, dtype=dtype).view(-1, *(1 for _ in SHAPES[kind])).expand(-1, *SHAPES[kind])


@pytest.mark.parametrize("kind", SHAPES)
def test_the_labels_share_is_that_of_the_positions(kind: str) -> None:
    torch.manual_seed(1)
    x = numbered(kind)
    mixed, lengths, target = recipes.cutmix(x, None, torch.arange(12), 12, alpha=1.0)
    assert (mixed.dtype, mixed.shape, lengths) == (x.dtype, x.shape, None)
    there = torch.stack([(mixed.flatten(1) == number).float().mean(1) for number in range(12)], 1)
    torch.testing.assert_close(target, there)
    own = target.diagonal()
    assert len(set(own.tolist())) > 8  # a share of its own for each
    assert bool((own < 1).any())


@pytest.mark.parametrize("kind", ["image", "clip"])
def test_what_is_not_a_samples_own_is_a_box_of_its_own_in_every_channel_and_frame(kind: str) -> None:
    torch.manual_seed(0)
    mixed, _, _ = recipes.cutmix(numbered(kind), None, torch.arange(12), 12, alpha=1.0)
    boxes = set()
    for number, picture in enumerate(mixed):
        foreign = picture != number
        plane = foreign.flatten(0, -3)[0]
        assert bool((foreign == plane).all())
        rows, columns = plane.any(1).nonzero().flatten(), plane.any(0).nonzero().flatten()
        if len(rows):
            box = tuple(int(each) for each in (rows[0], rows[-1], columns[0], columns[-1]))
            assert int(plane.sum()) == (box[1] - box[0] + 1) * (box[3] - box[2] + 1)
            boxes.add(box)
    assert len(boxes) > 8


@pytest.mark.parametrize("kind", ["waveform", "maps"])
def test_a_stretch_of_sound_lies_within_both_clips_and_the_share_is_of_the_clip(kind: str) -> None:
    torch.manual_seed(3)
    lengths = torch.tensor([40, 7, 30, 12, 25, 40, 3, 18, 33, 9, 22, 40])
    x = numbered(kind).clone()
    for clip, length in zip(x, lengths, strict=True):
        clip[..., length:] = -100  # what pads it
    mixed, kept, target = recipes.cutmix(x, lengths, torch.arange(12), 12, alpha=1.0)
    assert torch.equal(kept, lengths)
    for number, (clip, length) in enumerate(zip(mixed, lengths, strict=True)):
        inside, beyond = clip[..., :length], clip[..., length:]
        assert bool((inside >= 0).all())  # no padding has come in
        assert bool((beyond == -100).all())
        assert float((inside == number).float().mean()) == pytest.approx(float(target[number, number]))
    assert bool((target.diagonal() < 1).any())


def test_shares_are_spread_as_torchvisions() -> None:
    """Which draws one for a batch; its `make_params` also takes off what the border cuts."""
    torch.manual_seed(0)
    n = 4000
    _, _, target = recipes.cutmix(torch.zeros(n, 1, 32, 32), None, torch.arange(n), n, alpha=1.0)
    ours, reference = target.diagonal(), CutMix(alpha=1.0, num_classes=2)
    theirs = torch.tensor([reference.make_params([torch.zeros(2, 1, 32, 32)])["lam_adjusted"] for _ in range(n)])
    for share in (0.1, 0.25, 0.5, 0.75, 0.9):
        assert ours.quantile(share).item() == pytest.approx(theirs.quantile(share).item(), abs=0.03)


# both


def test_a_seed_gives_the_same_mixtures() -> None:
    x, chosen = torch.rand(6, 3, 8, 8), Recipe(mixup=0.2, cutmix=1.0)
    drawn = []
    for seed in (4, 4, 5):
        torch.manual_seed(seed)
        drawn.append([recipes.mixed(x, None, torch.arange(6), 6, chosen).x for _ in range(4)])
    assert all(torch.equal(a, b) for a, b in zip(drawn[0], drawn[1], strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(drawn[0], drawn[2], strict=True))


@pytest.mark.parametrize(
    ("alphas", "least", "most"),
    [({"mixup": 1.0}, 0, 0), ({"cutmix": 1.0}, 200, 200), ({"mixup": 1.0, "cutmix": 1.0}, 75, 125)],
)
def test_a_coin_chooses_for_each_batch_where_there_are_both(alphas: dict[str, float], least: int, most: int) -> None:
    torch.manual_seed(0)
    x = numbered("waveform")
    cut = 0
    for _ in range(200):
        mixture = recipes.mixed(x, None, torch.arange(12), 12, Recipe(**alphas)).x
        cut += bool((mixture == mixture.round()).all())  # a part of two samples has the numbers of both
    assert least <= cut <= most


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("mix", [recipes.mixup, recipes.cutmix])
def test_a_gpu_has_the_mixtures_of_the_cpu(mix: Callable[..., Any]) -> None:
    given = numbered("maps"), torch.arange(29, 41), torch.arange(12)
    found = []
    for device in ("cpu", "cuda"):
        torch.manual_seed(7)
        found.append(mix(*(x.to(device) for x in given), 12, 1.0))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs.cpu())


def test_one_sample_alone_stays_itself() -> None:
    x = torch.rand(1, 3, 8, 8)
    for mix in (recipes.mixup, recipes.cutmix):
        mixture, _, target = mix(x, None, torch.tensor([1]), 3, 1.0)
        torch.testing.assert_close(mixture, x)
        assert target.tolist() == [[0.0, 1.0, 0.0]]
