"""An extra of the block and a head that vggx does not know, entered in their tables from the pages that show them.

Nothing else is edited: what follows reads their descriptions.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.vggx.cost.test_ledger import counted, counted_in_training
from tests.vggx.cost.test_saved import kept_bytes
from vggx import geometry, tuning
from vggx.cost.ledger import costs_of, total
from vggx.data.batch import Batch
from vggx.net import VGG, Normalise, PreparedNet
from vggx.options import Recipe
from vggx.planned import plan_spec
from vggx.probe.layers import seen
from vggx.spec.layer import KINDS, Kind, pointwise
from vggx.spec.parts import EXTRAS, HEADS, Part
from vggx.spec.plain import spec_of, to_plain
from vggx.surgery.proof import prove
from vggx.surgery.transfer import check_fresh, load, transfer
from vggx.weights.source import Weights, of_state

DOCS = Path(__file__).parents[1] / "docs"
SHAPES = {1: (3, 40), 2: (3, 24, 20), 3: (3, 9, 16, 18)}
OPTIONS: dict[str, Any] = {
    "plan": "micro", "norm": "batch", "head": "bottleneck", "head_options": {"width": 6}, "extra": "gate",
}  # fmt: skip


def code_of(page: str) -> str:
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.S)
    return str(code)


@pytest.fixture(autouse=True)
def entered() -> Any:
    """The pages' parts in the tables, and gone afterwards."""
    for page in ("add_a_block.md", "add_a_head.md"):
        exec(compile(code_of(page), page, "exec"), {"__name__": "stranger"})
    yield
    del KINDS["gate"], EXTRAS["gate"], HEADS["bottleneck"]


def net_of(dims: int, **changes: Any) -> VGG:
    torch.manual_seed(0)
    return VGG(SHAPES[dims], 4, **(OPTIONS | changes))


def gates(net: nn.Module) -> list[nn.Parameter]:
    return [parameter for name, parameter in net.named_parameters() if "gate" in name]


@pytest.mark.parametrize("dims", SHAPES)
def test_cost_and_memory_are_torchs(dims: int) -> None:
    spec = plan_spec(SHAPES[dims], 4, **OPTIONS)
    with torch.device("meta"):
        net = VGG.of(spec)
    more = kept_bytes(net, (5, *spec.input_shape)) - kept_bytes(net, (2, *spec.input_shape))
    costs = costs_of(spec)
    assert more == 3 * sum(cost.saved.bytes(4) for cost in costs)
    assert total(costs)["params"] == sum(parameter.numel() for parameter in net.parameters())
    assert total(costs)["flops"] == counted(net, SHAPES[dims])[""]
    assert total(costs)["flops_train"] == counted_in_training(net, SHAPES[dims])
    rows = {cost.name: (cost.part, cost.params) for cost in costs}
    assert rows["gate2"] == ("block2", 32)
    assert rows["squeeze"] == ("classifier", 64 * 6 + 6)
    assert (
        geometry.output_size(spec.backbone, spec.input_shape[1:])
        == net.backbone(torch.empty(1, *SHAPES[dims], device="meta"))[-1].shape[2:]
    )


@pytest.mark.parametrize("dims", SHAPES)
def test_its_layers_are_told_by_name_and_travel_with_the_spec(dims: int) -> None:
    net = net_of(dims)
    names = net.layer_keys()
    assert names["backbone.block3.gate3.weight"] == "gate3.weight"
    assert names["head.squeeze.bias"] == "squeeze.bias"
    assert net.spec.last.name == "answer"
    again = VGG.of(spec_of(to_plain(net.spec)))
    again.load_state_dict(net.state_dict())
    x = torch.randn(2, *SHAPES[dims])
    assert torch.equal(again.eval()(x), net.eval()(x))


@pytest.mark.parametrize("dims", SHAPES)
def test_blocks_freeze_and_learn_at_their_own_rates(dims: int) -> None:
    net = net_of(dims)
    (block,) = tuning.freeze(net, 1)
    assert not any(parameter.requires_grad for parameter in block.parameters())
    paces = tuning.paces(net, Recipe(optimizer="sgd", lr=0.1, layer_decay=0.5), None)
    assert "backbone.block1.gate1.weight" not in paces
    assert (paces["backbone.block2.gate2.weight"].part, paces["backbone.block2.gate2.weight"].scale) == ("block2", 0.25)
    assert (paces["head.answer.weight"].part, paces["head.answer.weight"].scale) == ("head", 1.0)


@pytest.mark.parametrize("dims", SHAPES)
def test_a_probe_sees_its_layers(dims: int) -> None:
    net = PreparedNet(net_of(dims), Normalise([0.0] * 3, [1.0] * 3))
    batch = Batch(torch.randn(4, *SHAPES[dims]), torch.tensor([0, 1, 2, 3]))
    layers = {layer.name: layer for layer in seen(net, [batch]).layers}
    assert list(layers) == ["conv1_1", "conv2_1", "conv3_1", "squeeze", "answer"]
    assert isinstance(layers["squeeze"].activation, nn.ReLU)
    assert all(layer.norms[0] > 0 for layer in layers.values())


def own_weights(net: VGG) -> Weights:
    """As `read_weights` has them of a saved net: described by its spec."""
    plain = of_state({key: value for key, value in net.state_dict().items() if "backbone" in key}, plan="micro")
    names = net.layer_keys()
    state = {names[key]: value for key, value in net.state_dict().items()}
    more = {"head": "bottleneck", "spec": net.spec, "state": state, "keys": {name: key for key, name in names.items()}}
    return Weights(**(vars(plain) | more))


@pytest.mark.parametrize(("source", "target"), [(2, 3), (3, 2), (2, 1), (1, 2)])
def test_weights_move_with_proof(source: int, target: int) -> None:
    """To one axis more and to one less: maps and logits of an input that is still along it are the same."""
    theirs = net_of(source)
    with torch.no_grad():
        for gate in gates(theirs):
            gate.uniform_(0.5, 1.5)
    wide = max(source, target)
    pools = [(1, *(2,) * (wide - 1))] * 3
    ours = net_of(target, pools=pools if target == wide else None)
    found = transfer(own_weights(theirs), ours)
    assert [row["rule"] for row in found.rows if row["target"] and "gate" in row["target"]] == ["copy"] * 3
    check_fresh(found, [], keep_classes=True)
    load(ours, found, "glorot")
    assert torch.equal(torch.cat([*gates(ours)]), torch.cat([*gates(theirs)]))
    narrow = min(source, target)
    x = torch.randn(2, 3, *SHAPES[narrow][1:])
    proof = prove(own_weights(theirs), ours.eval(), found.fresh(), x, 9)
    errors = [each for block in proof["max_relative_error"].values() for each in block.values()]
    assert len(errors) == 9
    assert max(*errors, proof["logits"]) < 1e-5


def test_what_is_not_entered_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"extra must be one of gate, not 'gates'; did you mean gate\? .*plugins="):
        plan_spec(SHAPES[2], 4, extra="gates")
    with pytest.raises(ValueError, match="head must be one of fc, pooled, bottleneck, not 'dense'"):
        plan_spec(SHAPES[2], 4, head="dense")


def test_a_module_and_a_description_that_differ_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a net is trained whose cost, rates and weights would be told wrongly."""
    monkeypatch.setitem(KINDS, "gate", Kind())
    with pytest.raises(ValueError, match=r"gate1.weight is \(16,\) in the net and None in its description"):
        net_of(2)


def test_an_extra_whose_name_ends_in_a_number_is_told_what_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    class Watching(nn.Module):
        def __init__(self, *given: Any) -> None:
            super().__init__()

        def forward(self, x: torch.Tensor, valid: torch.Tensor | None = None) -> torch.Tensor:
            seen.append(valid)
            return x

    def nothing(extra: Any, feed: Any, name: str) -> list[Any]:
        return [pointwise(name, "pad", feed.part, [feed.layer], feed.channels, feed.dims)]

    monkeypatch.setitem(EXTRAS, "se2", Part(nothing, Watching))
    net = net_of(1, extra="se2", norm="none", grid=(1,)).eval()
    net(torch.rand(2, 3, 40), torch.arange(40) < torch.tensor([[40], [24]]))
    assert [valid.sum(1).tolist() for valid in seen] == [[40, 24], [20, 12], [10, 6]]
