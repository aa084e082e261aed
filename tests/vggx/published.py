"""torchvision's own nets, made narrow so that they are cheap: its layers, its names, real values."""

from pathlib import Path

import torch
from torch import nn
from torchvision.models import vgg

WIDTH, CLASSES = 0.125, 10


def narrow(plan: str = "A", norm: str = "none", classes: int = CLASSES) -> vgg.VGG:
    """The net of a plan, an eighth as wide, in evaluation mode."""
    torch.manual_seed(0)
    layers = [item if item == "M" else int(item * WIDTH) for item in vgg.cfgs[plan]]
    with torch.device("meta"):
        net = vgg.VGG(nn.Identity(), num_classes=classes, init_weights=False)
    net.features = vgg.make_layers(layers, batch_norm=norm == "batch")
    for index, (before, after) in {0: (64 * 49, 512), 3: (512, 512), 6: (512, classes)}.items():
        net.classifier[index] = nn.Linear(before, after)
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            nn.init.normal_(module.bias, std=0.1)
        elif isinstance(module, nn.BatchNorm2d):
            for value in (module.weight, module.bias, module.running_mean, module.running_var):
                nn.init.uniform_(value, 0.5, 1.5)
    return net.eval().requires_grad_(False)


def published(path: Path) -> vgg.VGG:
    """Plan A, its state dict saved at the path as torchvision publishes its own."""
    net = narrow()
    torch.save(net.state_dict(), path)
    return net
