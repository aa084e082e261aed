"""vggx.tasks.time_probe: nets of which it is known what they see, on clips that tell it by their values."""

from typing import Any

import pytest
import torch
from lightning.fabric import Fabric
from omegaconf import OmegaConf
from sklearn.metrics import accuracy_score, f1_score
from torch import Tensor, nn

from vggx import configs, settings
from vggx.data.batch import Batch, collate
from vggx.data.seeds import derive
from vggx.data.skipped import SkippedFiles
from vggx.inference.loop import NetOnDevice, Outputs, Step, infer
from vggx.options import Modality
from vggx.tasks.predictions import wilson_interval
from vggx.tasks.time_probe import ORDERS, TimeProbe, compared, reordered, shuffled, time_axis

FRAMES = 6


class Rises(nn.Module):
    """Class 1 where the last frame is brighter than the first, class 0 where it is darker, both where it is not."""

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        rise = x[:, 0, -1, 0, 0] - x[:, 0, 0, 0, 0]
        return torch.stack([-rise, rise], 1)


class Bright(nn.Module):
    """Class 1 where the brightest frame is brighter than 10, whenever it comes."""

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        excess = x.amax((1, 2, 3, 4)) - 10
        return torch.stack([-excess, excess], 1)


def ramps(files: int, views: int = 1) -> list[dict[str, Any]]:
    """Clips (1, FRAMES, 2, 2) of brightness 0 to 5, that fall (odd files, label 0) or rise (even files, label 1)."""
    rising = torch.arange(float(FRAMES)).view(1, FRAMES, 1, 1).expand(1, FRAMES, 2, 2)
    return [
        {
            "input": rising if file % 2 == 0 else rising.flip(1),
            "target": 1 - file % 2,
            "file": file,
            "view": view,
            "bad": {},
        }
        for file in range(files)
        for view in range(views)
    ]


def probed(net: nn.Module, items: list[dict[str, Any]], batch_size: int = 4, seed: int = 0) -> dict[str, Any]:
    """What the probe finds of a net, by way of the loop that `vggx evaluate` goes."""
    probe = TimeProbe(axis=1, seed=seed)
    batches = [collate(items[start : start + batch_size]) for start in range(0, len(items), batch_size)]
    labels = {item["file"]: item["target"] for item in items}

    def outputs(batch: Batch) -> list[Outputs]:
        scores = [net(x).softmax(1) for x in (batch.input, *probe.changed(batch))]
        return [(batch.file.tolist(), torch.stack(scores, 1)[:, None])]

    placed: Any = NetOnDevice(net, Fabric(accelerator="cpu", devices=1))
    found = infer(placed, [Step(batches, outputs)], SkippedFiles("test", len(labels)), "probe").means
    return probe.result(torch.stack([*found.values()]).unbind(1), torch.tensor([labels[file] for file in found]))


def rows_of(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["clips"]: row for row in found["rows"]}


# orders of frames


@pytest.mark.parametrize("frames", [2, 3, 8])
def test_a_shuffle_has_every_frame_once_and_never_all_in_their_places(frames: int) -> None:
    found = [shuffled(frames, seed) for seed in range(200)]
    assert all(order.sort().values.equal(torch.arange(frames)) for order in found)
    assert not any(order.equal(torch.arange(frames)) for order in found)
    # all others come: 1 of 2, 5 of 3; of 8 frames as good as 200 of 40,319
    assert len({tuple(order.tolist()) for order in found}) >= {2: 1, 3: 5, 8: 195}[frames]


def test_a_shuffle_leaves_the_draws_of_others_alone() -> None:
    torch.manual_seed(0)
    undisturbed = torch.rand(())
    torch.manual_seed(0)
    first = shuffled(8, 1)
    assert torch.rand(()) == undisturbed
    assert shuffled(8, 1).equal(first)


@pytest.mark.parametrize(("axis", "shape"), [(0, (5, 2)), (1, (2, 5)), (1, (3, 5, 2, 2))])
def test_frames_are_taken_whole_along_the_axis_that_is_time(axis: int, shape: tuple[int, ...]) -> None:
    clips = torch.arange(3 * torch.Size(shape).numel()).view(3, *shape)
    assert reordered(clips, ORDERS["reversed"], [0, 0, 0], axis).equal(clips.flip(1 + axis))
    still = reordered(clips, ORDERS["still"], [0, 0, 0], axis)
    assert still.equal(clips.narrow(1 + axis, 2, 1).expand_as(clips))
    mixed = reordered(clips, ORDERS["shuffled"], [4, 5, 6], axis)
    for clip, found, seed in zip(clips, mixed, (4, 5, 6), strict=True):
        for place, frame in enumerate(shuffled(5, seed).tolist()):
            assert found.select(axis, place).equal(clip.select(axis, frame))


# nets of known sight


def test_a_net_that_sees_motion_is_always_wrong_on_reversed_clips_and_at_chance_on_still_ones() -> None:
    result = probed(Rises(), ramps(12))
    found = rows_of(result)
    assert list(found) == ["as they are", "shuffled", "reversed", "still"]
    assert {name: row["accuracy"] for name, row in found.items() if name != "shuffled"} == {
        "as they are": 1.0,
        "reversed": 0.0,
        "still": 0.5,
    }
    assert {name: row["same_top_class"] for name, row in found.items() if name != "shuffled"} == {
        "as they are": 1.0,
        "reversed": 0.0,
        "still": 0.5,
    }
    assert found["reversed"]["change"] == -1.0
    assert found["as they are"]["change"] == 0.0
    # a shuffled ramp rises where its last frame is a later one than its first
    orders = [shuffled(FRAMES, derive(0, file, 0)) for file in range(12)]
    right = [int(order[0] < order[-1]) for order in orders]
    assert found["shuffled"]["accuracy"] == pytest.approx(sum(right) / 12)
    assert 0 < sum(right) < 12
    assert (result["seed"], result["chance"]) == (0, 0.5)


def test_a_net_that_looks_at_frames_alone_is_the_same_in_any_order() -> None:
    items = ramps(8)
    for item in items:
        item["input"] = item["input"] + 10 * item["target"]
    found = rows_of(probed(Bright(), items))
    assert [row["accuracy"] for row in found.values()] == [1.0, 1.0, 1.0, 1.0]
    assert [row["same_top_class"] for row in found.values()] == [1.0, 1.0, 1.0, 1.0]


def test_scores_of_the_views_of_a_file_are_averaged() -> None:
    """Alone the views of file 0 are wrong by a little, right by much."""
    items = ramps(2, views=2)
    items[0]["input"] = items[0]["input"].flip(1) / 100
    found = rows_of(probed(Rises(), items))
    assert (found["as they are"]["accuracy"], found["reversed"]["accuracy"]) == (1.0, 0.0)


def test_shuffles_hang_on_seed_file_and_view_not_on_batches() -> None:
    class Kept(Rises):
        """Keeps what it is given, in batches or one by one."""

        def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
            seen.append(x[:, 0, :, 0, 0])
            return super().forward(x)

    made = []
    for size, seed in ((1, 0), (5, 0), (5, 1)):
        seen: list[Tensor] = []
        probed(Kept(), ramps(6, views=2), size, seed=seed)
        made.append(torch.cat(seen[1 :: 1 + len(ORDERS)]))  # of every batch the shuffled clips come second
    assert made[0].equal(made[1])
    assert not made[0].equal(made[2])
    rising = made[0].view(6, 2, FRAMES)[::2].reshape(6, FRAMES)  # files 0, 2 and 4, which are alike, two views each
    assert len({tuple(row.tolist()) for row in rising}) == 6


def test_chance_is_the_share_of_the_commonest_class() -> None:
    items = [item for item in ramps(10) if item["file"] not in (0, 2, 4)]  # 5 fall, 2 rise
    assert probed(Rises(), items)["chance"] == pytest.approx(5 / 7)


def test_rows_are_scikit_learns_and_wilsons() -> None:
    torch.manual_seed(0)
    labels = torch.randint(3, (50,))
    first, other = torch.randn(50, 3), torch.randn(50, 3)
    first[torch.arange(50), labels] += 1.5
    plain, changed = compared({"as they are": first, "noise": other}, labels)
    for row, scores in ((plain, first), (changed, other)):
        assert row["accuracy"] == pytest.approx(accuracy_score(labels, scores.argmax(1)))
        assert row["macro_f1"] == pytest.approx(f1_score(labels, scores.argmax(1), average="macro"))
        assert (row["low_95"], row["high_95"]) == wilson_interval(row["accuracy"], 50)
    assert changed["change"] == pytest.approx(changed["accuracy"] - plain["accuracy"])
    assert changed["same_top_class"] == pytest.approx(accuracy_score(first.argmax(1), other.argmax(1)))


# which samples have frames


def modality(name: str, **data: Any) -> Modality:
    config = OmegaConf.create({"modality": configs.load(f"modality/{name}")})
    OmegaConf.update(config, "modality.data", data)
    return settings.resolve(config).modality


def test_time_is_found_by_the_axes_of_a_sample() -> None:
    assert time_axis(modality("video")) == 1
    with pytest.raises(ValueError, match=r"wants clips of frames; image has none: .* channels, height, width"):
        time_axis(modality("image"))
    with pytest.raises(ValueError, match=r"wants clips of frames; audio has none: .* samples"):
        time_axis(modality("audio"))
    with pytest.raises(ValueError, match="two frames or more"):
        time_axis(modality("video", frames=1))
