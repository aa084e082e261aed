"""The transfer benchmark: what it trains is the net that it speaks of, and the page has the table of its results."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from modalities.image.data import read_idx
from tests.vggx.published import published
from vggx.data.batch import Batch
from vggx.net import VGG, Normalise, PreparedNet
from vggx.weights.source import read_weights

ROOT = Path(__file__).parents[2]


def batches(*inputs: torch.Tensor) -> list[Batch]:
    numbers = torch.arange(sum(map(len, inputs))).split([len(x) for x in inputs])
    return [Batch(x, n % 2, file=n) for x, n in zip(inputs, numbers, strict=True)]


def test_the_page_has_the_table_of_the_results(script: Any) -> None:
    rows = json.loads(script.RESULT.read_text())["rows"]
    assert {row["data"] for row in rows} == {"clips", "digits", "speaker", "images"}
    page = script.PAGE.read_text(encoding="utf-8")
    assert script.fill(page, {"transfer": script.table(rows)}) == page


def test_frozen_maps_and_what_is_behind_them_are_the_whole_net(script: Any) -> None:
    torch.manual_seed(0)
    vgg = VGG((3, 16, 16), 2, plan="mini", width=0.25, head="pooled").eval()
    net = PreparedNet(vgg, Normalise([0.5] * 3, [0.25] * 3))
    x = torch.rand(5, 3, 16, 16)
    views = script.views_of(net, list(vgg.backbone)[:2], False, batches(x[:3], x[3:]), None)
    assert views.files.tolist() == [0, 1, 2, 3, 4]
    averages = script.Rest(list(vgg.backbone)[2:], False, torch.nn.Identity())(views.maps).detach()
    torch.testing.assert_close(averages, vgg.backbone(net.normalise(x))[-1].mean((2, 3)))
    head = script.Head(averages, 2)
    standardised = head.normalise(averages[..., None])[..., 0]
    alive = averages.std(0) > 1e-3
    torch.testing.assert_close(head(averages), head.fc(standardised))
    torch.testing.assert_close(standardised.mean(0), torch.zeros(32), atol=1e-4, rtol=0)
    torch.testing.assert_close(standardised.std(0)[alive], torch.ones(int(alive.sum())), atol=1e-3, rtol=0)


def test_folded_bands_go_through_the_blocks_alone(script: Any) -> None:
    torch.manual_seed(0)
    vgg = VGG((1, 32), 2, plan="micro", width=0.5, head="pooled").eval()
    bands = torch.randn(4, 6, 32)  # six bands of four clips
    net = PreparedNet(vgg, Normalise([0.0], [1.0]))
    views = script.views_of(net, list(vgg.backbone)[:1], True, batches(bands), None)
    assert views.maps.shape[:2] == (4, 6)
    found = script.Rest(list(vgg.backbone)[1:], True, torch.nn.Identity())(views.maps)
    each = [vgg.backbone(bands[:, index : index + 1])[-1].mean(2) for index in range(6)]
    torch.testing.assert_close(found, torch.stack(each).mean(0))


def test_training_learns_and_leaves_the_blocks_that_it_was_given_alone(script: Any) -> None:
    torch.manual_seed(0)
    vgg = VGG((3, 16, 16), 2, plan="micro", head="pooled").eval()
    x = torch.rand(64, 3, 16, 16)
    x[1::2, 0] += 1  # odd samples are redder
    net = PreparedNet(vgg, Normalise([0.5] * 3, [0.25] * 3))
    blocks = list(vgg.backbone)
    before = blocks[2].conv3_1.conv.weight.clone()
    views = script.views_of(net, blocks[:2], False, batches(x), None)
    averages = script.Rest(blocks[2:], False, torch.nn.Identity())(views.maps).detach()
    rest = script.Rest(blocks[2:], False, script.Head(averages, 2))
    script.fit(rest, views, 8, 0.01, seed=0)
    assert script.accuracy(rest, views) > 0.9
    assert torch.equal(blocks[2].conv3_1.conv.weight, before)
    assert not torch.equal(rest.blocks[0].conv3_1.conv.weight, before)


def test_the_first_images_of_every_class_are_taken(
    script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "PER_CLASS", 2)
    (tmp_path / "all").mkdir()
    (tmp_path / "few").mkdir()
    draw = np.random.default_rng(0)
    labels = np.arange(50, dtype=np.uint8) % 10
    images = draw.integers(0, 256, (50, 28, 28), dtype=np.uint8)
    for split in ("train", "t10k"):
        for part, values in (("images-idx3", images), ("labels-idx1", labels)):
            header = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes()
            (tmp_path / "all" / f"{split}-{part}-ubyte").write_bytes(header + values.tobytes())
    folder = script.few(tmp_path / "all", tmp_path / "few")
    assert np.array_equal(read_idx(folder / "train-images-idx3-ubyte", 3), images[:20])
    assert np.array_equal(read_idx(folder / "train-labels-idx1-ubyte", 1), labels[:20])
    assert np.array_equal(read_idx(folder / "t10k-images-idx3-ubyte", 3), images)


def test_every_set_makes_a_net_that_inherits(script: Any, tmp_path: Path) -> None:
    """Of a narrow plan A here, and of the options of every set."""
    published(tmp_path / "vgg11.pth")
    weights = read_weights(str(tmp_path / "vgg11.pth"))
    assert [chosen.name for chosen in script.SETS] == ["clips", "digits", "speaker", "images"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script, "PLAN", "A:3")
        for chosen in script.SETS:
            modality = script.options_of(chosen, tmp_path, weights)
            net, found = script.inherit(modality, 2, weights, keep_classes=False)
            assert found.fresh() == ["fc"]
            assert net.vgg.spec.plan == "A:3"
