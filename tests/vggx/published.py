"""A small file such as torchvision publishes: its own layers and names, an eighth as wide."""

from pathlib import Path

import torch
from torch import nn
from torchvision.models.vgg import make_layers

# plan A, an eighth as wide
WIDTHS: list[str | int] = [8, "M", 16, "M", 32, 32, "M", 64, 64, "M", 64, 64, "M"]
HIDDEN = 512


class Published(nn.Module):
    """torchvision's vgg11 or vgg11_bn with these widths."""

    def __init__(self, classes: int, norm: bool):
        super().__init__()
        self.features = make_layers(WIDTHS, batch_norm=norm)
        self.classifier = nn.Sequential(
            nn.Linear(64 * 7 * 7, HIDDEN), nn.ReLU(), nn.Dropout(),
            nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Dropout(), nn.Linear(HIDDEN, classes),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = nn.functional.adaptive_avg_pool2d(self.features(x), 7)
        return self.classifier(maps.flatten(1))


def published(path: Path, classes: int = 10, norm: bool = False) -> Published:
    """Such a net with random weights, its state dict saved at the path."""
    torch.manual_seed(0)
    net = Published(classes, norm).eval()
    with torch.no_grad():
        for parameter in net.parameters():  # kernels that keep the size of the maps
            if parameter.ndim > 1:
                nn.init.kaiming_normal_(parameter, nonlinearity="relu")
    torch.save(net.state_dict(), path)
    return net
