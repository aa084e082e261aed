"""The levers: with them and without them a net gives the same; and the page has the table of the results."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from vggx import nd
from vggx.net import VGG

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("change", ["as_convolution", "in_place", "pooled_first", "as_2d"])
@pytest.mark.parametrize("shape", [(2, 24), (2, 16, 16), (2, 8, 16, 16)])
def test_a_changed_net_gives_the_same_maps_and_gradients(script: Any, change: str, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    nets = [VGG(shape, 3, plan="micro", norm="batch", dropout=0.0) for _ in range(2)]
    nets[1].load_state_dict(nets[0].state_dict())
    changed = getattr(script, change)(nets[1])
    x = torch.rand(4, *shape)
    answers = [net(x) for net in (nets[0], changed)]
    torch.testing.assert_close(*answers)
    for answer in answers:
        answer.square().sum().backward()
    for ours, theirs in zip(nets[0].parameters(), changed.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-3, atol=1e-4)


def test_the_classifier_without_products_is_torchs_convolution(script: Any) -> None:
    layer = script.as_convolution(VGG((2, 16, 16), 3, plan="micro")).head.fc6
    assert isinstance(layer, nd.Product2d)
    assert layer.forward.__func__ is torch.nn.Conv2d.forward


def test_the_page_has_the_tables_of_the_results(script: Any) -> None:
    rows = json.loads((ROOT / "benchmarks/results/levers.json").read_text())["rows"]
    assert {row["lever"] for row in rows} == {*script.LEVERS, script.MEMORY}
    page = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    assert script.fill(page, script.tables(rows)) == page
