"""torchvision's nets with weights that keep the size of the maps, on the meta device until they are given them."""

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn
from torchvision import models

CLASSES = 10
NAMES = {"A": "vgg11", "B": "vgg13", "D": "vgg16", "E": "vgg19"}


@pytest.fixture(autouse=True)
def no_grad() -> Iterator[None]:
    with torch.no_grad():
        yield


@pytest.fixture(scope="session")
def classifier() -> dict[str, Tensor]:
    """torchvision's classifier, drawn once for all nets: it is 120 of their 130 million weights."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for index, (width, before) in {0: (4096, 512 * 7 * 7), 3: (4096, 4096), 6: (CLASSES, 4096)}.items():
        weight = torch.empty(width, before)
        state[f"classifier.{index}.weight"] = weight.normal_(0, (2 / before) ** 0.5, generator=generator)
        state[f"classifier.{index}.bias"] = torch.randn(width, generator=generator) * 0.1
    return state


def drawn(name: str, value: Tensor, generator: torch.Generator) -> Tensor:
    """Kernels that keep the size of the maps; biases and statistics that are not all alike."""
    if value.ndim == 4:
        return torch.randn(value.shape, generator=generator) * (2 / value[0].numel()) ** 0.5
    if name.endswith("num_batches_tracked"):
        return torch.tensor(17)
    if name.endswith(("running_var", "weight")):
        return torch.rand(value.shape, generator=generator) + 0.5
    return torch.randn(value.shape, generator=generator) * 0.1


@pytest.fixture
def torchvision_net(classifier: dict[str, Tensor]) -> Callable[[str, str], models.VGG]:
    def make(plan: str, norm: str) -> models.VGG:
        with torch.device("meta"):
            net = getattr(models, NAMES[plan] + ("_bn" if norm == "batch" else ""))(weights=None, num_classes=CLASSES)
        generator = torch.Generator().manual_seed(1)
        features = {k: v for k, v in net.state_dict().items() if k.startswith("features.")}
        net.load_state_dict({k: drawn(k, v, generator) for k, v in features.items()} | classifier, assign=True)
        return net.eval()

    return make


def block_maps(net: models.VGG, x: Tensor) -> list[Tensor]:
    """(N, 3, H, W) -> torchvision's map behind each of its pools."""
    maps = []
    for layer in net.features:
        x = layer(x)
        if isinstance(layer, nn.MaxPool2d):
            maps.append(x)
    return maps
