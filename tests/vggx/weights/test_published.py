"""vggx.weights.published: torchvision's logits from torchvision's weights."""

import re
from collections.abc import Iterator, Mapping

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision import models

from vggx.net import VGG
from vggx.weights.published import from_torchvision

NAMES = {"A": "vgg11", "B": "vgg13", "D": "vgg16", "E": "vgg19"}
CLASSES = 10
NEAR = 1e-5  # of the largest logit


@pytest.fixture(autouse=True)
def no_grad() -> Iterator[None]:
    with torch.no_grad():
        yield


@pytest.fixture(scope="module")
def classifier() -> dict[str, Tensor]:
    """torchvision's classifier, drawn once for all nets: it is 120 of their 130 million weights."""
    torch.manual_seed(0)
    state = {}
    for index, (width, before) in {0: (4096, 512 * 7 * 7), 3: (4096, 4096), 6: (CLASSES, 4096)}.items():
        state[f"classifier.{index}.weight"] = torch.randn(width, before) * (2 / before) ** 0.5
        state[f"classifier.{index}.bias"] = torch.randn(width) * 0.1
    return state


def theirs_of(plan: str, norm: str, classes: int = CLASSES) -> models.VGG:
    """torchvision's net, on the meta device."""
    name = NAMES[plan] + ("_bn" if norm == "batch" else "")
    with torch.device("meta"):
        return getattr(models, name)(weights=None, num_classes=classes).eval()


def ours_of(plan: str, norm: str, classes: int = CLASSES, **options) -> VGG:
    with torch.device("meta"):
        return VGG((3, 224, 224), classes, plan=plan, norm=norm, grid=(7, 7), **options).eval()


def drawn(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Values for convolutions and norms: maps that keep their size, biases and statistics that are not all alike."""
    torch.manual_seed(1)
    values = {}
    for name, value in state.items():
        if value.ndim == 4:
            values[name] = torch.randn(value.shape) * (2 / value[0].numel()) ** 0.5
        elif name.endswith("num_batches_tracked"):
            values[name] = torch.tensor(17)
        elif name.endswith("running_var") or (name.endswith("weight") and value.ndim == 1):
            values[name] = torch.rand(value.shape) + 0.5
        else:
            values[name] = torch.randn(value.shape) * 0.1
    return values


def pair(plan: str, norm: str, classifier: dict[str, Tensor]) -> tuple[models.VGG, VGG]:
    theirs, ours = theirs_of(plan, norm), ours_of(plan, norm)
    features = {name: value for name, value in theirs.state_dict().items() if name.startswith("features.")}
    theirs.load_state_dict(drawn(features) | classifier, assign=True)
    ours.load_state_dict(from_torchvision(theirs.state_dict(), ours), assign=True)
    return theirs, ours


def far(a: Tensor, b: Tensor) -> float:
    return ((a - b).abs().max() / b.abs().max()).item()


def picture(height: int, width: int) -> Tensor:
    torch.manual_seed(2)
    return torch.randn(1, 3, height, width)


# logits


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("plan", NAMES)
def test_logits_are_torchvisions(plan: str, norm: str, classifier: dict[str, Tensor]) -> None:
    theirs, ours = pair(plan, norm, classifier)
    for side in (112, 224):
        x = picture(side, side)
        expected = theirs(x)
        assert expected.abs().max() > 0.1
        assert far(ours(x), expected) <= NEAR, side


@pytest.fixture(scope="module")
def pair_a(classifier: dict[str, Tensor]) -> tuple[models.VGG, VGG]:
    with torch.no_grad():
        return pair("A", "none", classifier)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (100, 180), (255, 255), (64, 255)])
def test_up_to_255_pixels_any_size_gives_torchvisions_logits(
    pair_a: tuple[models.VGG, VGG], height: int, width: int
) -> None:
    theirs, ours = pair_a
    x = picture(height, width)
    assert far(ours(x), theirs(x)) <= NEAR


@pytest.mark.parametrize(("height", "width"), [(256, 256), (96, 256)])
def test_from_256_pixels_on_the_classifier_is_scanned_instead(
    pair_a: tuple[models.VGG, VGG], height: int, width: int
) -> None:
    """The documented difference: torchvision pools the map down to 7 x 7, the paper's classifier slides over it."""
    theirs, ours = pair_a
    x = picture(height, width)
    maps = theirs.features(x)
    maps = F.adaptive_avg_pool2d(maps, tuple(max(7, side) for side in maps.shape[2:]))
    windows = maps.unfold(2, 7, 1).unfold(3, 7, 1)  # (1, C, rows, columns, 7, 7)
    every = windows.permute(0, 2, 3, 1, 4, 5).reshape(-1, 512 * 7 * 7)
    assert len(every) == (max(7, height // 32) - 6) * (max(7, width // 32) - 6) > 1
    assert far(ours(x), theirs.classifier(every).mean(0, keepdim=True)) <= NEAR
    assert far(ours(x), theirs(x)) > 1e-3


# names


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("plan", NAMES)
def test_every_weight_has_one_name_and_its_values(plan: str, norm: str) -> None:
    theirs, ours = theirs_of(plan, norm).state_dict(), ours_of(plan, norm)
    mapped = from_torchvision(theirs, ours)
    own = ours.state_dict()
    assert set(mapped) == set(own)
    assert {name: value.shape for name, value in mapped.items()} == {name: value.shape for name, value in own.items()}
    assert sum(value.numel() for value in mapped.values()) == sum(value.numel() for value in theirs.values())


def test_layers_are_paired_in_order() -> None:
    state = theirs_of("A", "batch").state_dict()
    state |= drawn({name: value for name, value in state.items() if name.startswith("features.")})
    mapped = from_torchvision(state, ours_of("A", "batch"))
    # torchvision's vgg11_bn: conv, norm, relu, pool, conv, norm, ...
    assert torch.equal(mapped["backbone.block1.conv1_1.conv.weight"], state["features.0.weight"])
    assert torch.equal(mapped["backbone.block1.conv1_1.norm.running_var"], state["features.1.running_var"])
    assert torch.equal(mapped["backbone.block2.conv2_1.conv.bias"], state["features.4.bias"])
    assert torch.equal(mapped["backbone.block5.conv5_2.norm.weight"], state["features.26.weight"])


def test_files_from_before_num_batches_tracked_load() -> None:
    """torchvision's own vgg16_bn-6c64b313.pth is of 2017; batch norm counts batches since torch 0.4.1, 2018."""
    state = {k: v for k, v in theirs_of("D", "batch").state_dict().items() if not k.endswith("num_batches_tracked")}
    net = ours_of("D", "batch")
    net.load_state_dict(from_torchvision(state, net), assign=True)


# refusals


@pytest.mark.parametrize(("given", "wanted"), [("D", "A"), ("E", "D"), ("A", "D"), ("D", "E"), ("B", "A"), ("A", "B")])
def test_another_plan_is_refused(given: str, wanted: str) -> None:
    with pytest.raises(ValueError, match=r"state dict (ends before|goes on after)"):
        from_torchvision(theirs_of(given, "none").state_dict(), ours_of(wanted, "none"))


def test_a_plan_of_as_many_layers_is_refused_by_the_kernel_that_differs() -> None:
    message = "backbone.block3.conv3_3.conv.weight is (256, 256, 1, 1), the state dict has (256, 256, 3, 3) for it"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        from_torchvision(theirs_of("D", "none").state_dict(), ours_of("C", "none"))


def test_weights_without_batch_norm_are_refused_by_a_net_with_it() -> None:
    message = r"the state dict has no features\.3\.running_mean, which would be backbone.*another plan or norm"
    with pytest.raises(ValueError, match=message):
        from_torchvision(theirs_of("A", "none").state_dict(), ours_of("A", "batch"))


def test_weights_with_batch_norm_are_refused_by_a_net_without_it() -> None:
    with pytest.raises(ValueError, match=r"state dict.*norm"):
        from_torchvision(theirs_of("A", "batch").state_dict(), ours_of("A", "none"))


def test_another_number_of_classes_is_refused() -> None:
    message = "head.fc8.weight is (10, 4096, 1, 1), the state dict has (1000, 4096) for it"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        from_torchvision(theirs_of("A", "none", classes=1000).state_dict(), ours_of("A", "none", classes=10))


def test_another_grid_is_refused() -> None:
    state = theirs_of("A", "none").state_dict()
    with torch.device("meta"):
        net = VGG((3, 224, 224), CLASSES, plan="A", grid=(3, 3))
    with pytest.raises(ValueError, match=r"head.fc6.weight is \(4096, 512, 3, 3\), the state dict has \(4096, 25088\)"):
        from_torchvision(state, net)


def test_a_state_dict_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the state dict ends before backbone\.block1\.conv1_1"):
        from_torchvision(nn.Linear(2, 2).state_dict(), ours_of("A", "none"))


@pytest.mark.parametrize(
    ("shape", "options"), [((3, 224), {}), ((3, 32, 32, 32), {}), ((3, 224, 224), {"head": "pooled"})]
)
def test_a_net_of_other_dims_or_head_is_refused(shape: tuple[int, ...], options: dict) -> None:
    with torch.device("meta"):
        net = VGG(shape, CLASSES, plan="A", **options)
    with pytest.raises(ValueError, match=r"dims|head"):
        from_torchvision(theirs_of("A", "none").state_dict(), net)
