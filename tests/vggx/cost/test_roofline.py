"""vggx.cost.roofline: a pass by hand, and the published limits of VGG-16 on an H200."""

from typing import Any

import pytest
from omegaconf import OmegaConf

from vggx import configs
from vggx.cost import roofline
from vggx.cost.ledger import ledger, total
from vggx.cost.roofline import Pass
from vggx.options import Device

TIME = [(1, 2, 2), 2, 2, 2, 2]
SLOW = Device(name="slow", rate=100.0, bandwidth=10.0, memory=1.0, source="by hand")


@pytest.fixture(scope="module")
def h200() -> Any:
    return OmegaConf.to_object(configs.load("device/h200"))


@pytest.mark.parametrize(
    ("shape", "classes", "batch", "options", "infer", "train", "mfu"),
    [
        ((3, 224, 224), 1000, 256, {}, 22_692, 7_608, 0.89),
        ((3, 224, 224), 1000, 64, {}, 22_385, 7_102, 0.83),
        ((3, 16, 112, 112), 400, 32, {"pools": TIME, "grid": (1, 3, 3)}, 3_706, 1_234, 0.94),
        ((3, 16, 224, 224), 400, 16, {"pools": TIME, "grid": (1, 7, 7)}, 925, 308, 0.94),
    ],
)
def test_published_limits(
    h200: Device, shape: tuple, classes: int, batch: int, options: dict, infer: int, train: int, mfu: float
) -> None:
    costs = ledger(shape, classes, plan="D", **options)
    limit = roofline.limit(costs, h200, batch, 2)
    assert round(batch / limit.infer_seconds) == infer
    assert round(batch / limit.train_seconds) == train
    assert round(total(costs)["flops_train"] * batch / limit.train_seconds / h200.rate, 2) == mfu


def test_sound_is_a_little_slower_than_published_for_its_average_reads_the_whole_map(h200: Device) -> None:
    limit = roofline.limit(ledger((128, 1024), 527, plan="D", head="pooled"), h200, 512, 2)
    assert 553_615 * 0.995 < 512 / limit.infer_seconds < 553_615
    assert 187_431 * 0.995 < 512 / limit.train_seconds < 187_431


def test_what_memory_bounds_of_vgg16(h200: Device) -> None:
    costs = ledger((3, 224, 224), 1000, plan="D")
    slow = [cost.name for cost in costs if roofline.limit([cost], h200, 256, 2).bound == "memory"]
    assert slow == ["conv1_1", "pool1", "pool2", "pool3", "pool4", "pool5", "fc6", "fc7", "fc8"]


def test_passes_of_a_convolution_by_hand() -> None:
    """micro's conv2_1 on 12 steps: 16 x 6 in, 32 x 6 out, 1,536 weights and 32 biases; two samples of two bytes."""
    cost = next(cost for cost in ledger((2, 12), 3, plan="micro") if cost.name == "conv2_1")
    flops, maps = 2 * 2 * 1536 * 6, 2 * (96 + 192)
    forward = Pass(flops, 2 * (maps + 1568))
    assert roofline.forward(cost, 2, 2) == forward
    masked = Pass(flops, forward.bytes + 2 * 2 * 192)
    assert list(roofline.training(cost, 2, 2)) == [forward, forward, masked, Pass(0, 20 * 1568)]
    seconds = [max(one.flops / 100, one.bytes / 10) for one in (forward, forward, masked, Pass(0, 20 * 1568))]
    limit = roofline.limit([cost], SLOW, 2, 2)
    assert limit.train_seconds == pytest.approx(sum(seconds))
    assert limit.infer_seconds == pytest.approx(seconds[0])
    assert (limit.bound, limit.memory_share) == ("memory", 1.0)


def test_the_first_layer_has_no_gradient_of_its_input() -> None:
    first, *_, second = ledger((2, 12), 3, plan="micro")[:3]
    assert (first.name, second.name) == ("conv1_1", "conv2_1")
    assert sum(one.flops > 0 for one in roofline.training(first, 1, 2)) == 2
    assert sum(one.flops > 0 for one in roofline.training(second, 1, 2)) == 3


def test_a_norm_moves_its_map_eight_times_in_training_and_never_in_inference() -> None:
    plain, normed = (ledger((3, 32, 32), 5, plan="micro", norm=norm)[0] for norm in ("none", "batch"))
    more = sum(p.bytes for p in roofline.training(normed, 4, 2)) - sum(p.bytes for p in roofline.training(plain, 4, 2))
    params = normed.params - plain.params
    # the first layer's weights go by twice, as it has no gradient of its input
    assert more == 8 * normed.written * 4 * 2 + params * (2 * 2 + 20)
    assert roofline.forward(normed, 4, 2).bytes - roofline.forward(plain, 4, 2).bytes == params * 2


@pytest.mark.parametrize("name", configs.names("device"))
def test_devices(name: str) -> None:
    device: Any = OmegaConf.to_object(configs.load(f"device/{name}"))
    assert 1e13 < device.rate < 1e16
    assert 1e11 < device.bandwidth < 1e13
    assert 1e10 < device.memory < 1e12
    assert device.source in ("measured", "data sheet")
