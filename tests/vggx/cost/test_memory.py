"""vggx.cost.memory against known counts, the same steps on real tensors, and what torch's allocator gave out."""

import gc
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning import LightningModule, Trainer
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import DataLoader

from vggx import configs, recipes, settings
from vggx.cost import memory
from vggx.cost.memory import Memory
from vggx.options import Modality, Recipe

VGG16 = 138_357_544
VGG16_BIASES = 4_224 + 4_096 + 4_096 + 1_000
MICRO: dict[str, Any] = {"plan": "micro", "head": "pooled"}
# small nets whose weights are few, so that a kernel's copies of them are, too
SMALL = [
    ("image", {**MICRO, "size": 64, "norm": "batch"}, 16),
    ("image", {**MICRO, "size": 64, "norm": "none"}, 16),
    ("video", {**MICRO, "size": 32, "frames": 8, "norm": "batch", "time_kernel": 5, "time_padding": "replicate"}, 4),
    ("video", {**MICRO, "size": 32, "frames": 8, "norm": "none"}, 4),
    ("audio", {**MICRO, "norm": "batch"}, 4),
    ("audio", {**MICRO, "norm": "none", "head": "fc"}, 4),
    ("audio", {**MICRO, "frequency": "pooled"}, 4),
]


def modality(name: str, **options: Any) -> Modality:
    """A user's usual net, with these options of it and its data."""
    made = settings.usual(configs.load(f"modality/{name}"))
    for key, value in options.items():
        setattr(made.net if hasattr(made.net, key) else made.data, key, value)
    return made


def maker(name: str, clips: bool = False) -> Callable[[nn.Module], torch.optim.Optimizer]:
    return lambda net: recipes.optimizer(net, Recipe(optimizer=name, lr=1e-4, weight_decay=1e-4), clips=clips)


def batches(made: Modality, count: int) -> Callable[[], tuple[Tensor, Tensor]]:
    def batch() -> tuple[Tensor, Tensor]:
        shape = (count, *made.data.input_shape())
        x = torch.rand(shape) if made.name == "audio" else torch.randint(0, 256, shape, dtype=torch.uint8)
        return x, torch.randint(0, 10, (count,))

    return batch


def predicted(
    name: str,
    count: int,
    options: dict[str, Any],
    precision: str = "32-true",
    optimizer: str = "sgd",
    classes: int = 10,
    clips: bool = False,
) -> Memory:
    made = modality(name, **options)
    make = maker(optimizer, clips)
    return memory.predicted_peak(lambda: made.build(classes), make, batches(made, count), precision)


def parts(found: Memory) -> int:
    return sum(vars(found).values()) - found.peak


@pytest.mark.parametrize(("optimizer", "copies"), [("sgd", 1), ("adamw", 2)])
def test_vgg16_holds_its_known_number_of_weights_gradients_and_moments(optimizer: str, copies: int) -> None:
    """The peak lies in the second forward pass, where the first step's gradients are still alive."""
    found = predicted("image", 32, {"norm": "none"}, optimizer=optimizer, classes=1000)
    assert found.parameters == found.gradients == 4 * VGG16
    assert found.optimizer == copies * 4 * VGG16
    assert found.buffers == 4 * (3 + 3)  # mean and std
    assert parts(found) == found.peak


def test_a_step_that_is_not_fused_copies_the_decayed_weights() -> None:
    """Of one image that is the peak; a fused step copies nothing, and the peak lies among the maps."""
    plain, fused = (predicted("image", 1, {"norm": "none"}, classes=1000, clips=clips) for clips in (True, False))
    for found in (plain, fused):
        assert found.parameters == found.gradients == found.optimizer == 4 * VGG16
    assert plain.temporary == 4 * (VGG16 - VGG16_BIASES)
    assert plain.activations == 3 * 224 * 224 + 8 + 4  # the batch, its label and the loss
    assert fused.temporary == 0
    assert fused.peak < 0.8 * plain.peak


def test_maps_of_vgg16_by_hand() -> None:
    """The peak is at the last ReLU, whose input and output are alive beside all that the layers before have saved."""
    widths, side = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)], 224
    alive = (1 + 4) * 3 * side * side + 8  # the image in bytes and normalised, and its label
    for width, units in widths:
        alive += 4 * units * width * side * side  # a ReLU's output, which the next layer takes
        side //= 2
        alive += (4 + 8) * width * side * side  # the pool's output, and the places of its values
    alive += 4 * 512 * 14 * 14 - (4 + 8) * 512 * 7 * 7  # the last convolution's output; pool5 is still to come
    found = predicted("image", 16, {"norm": "none", "head": "pooled"})
    assert found.activations == 16 * alive


@pytest.mark.parametrize(("name", "options", "count"), SMALL)
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])  # a CPU is slow in fp16
def test_the_same_steps_on_real_tensors(name: str, options: dict[str, Any], count: int, precision: str) -> None:
    made = modality(name, **options)
    build, batch = (lambda: made.build(10)), batches(made, count)
    net = build()
    before = [parameter.detach().clone() for parameter in net.parameters()]
    real = memory.tracked(net, memory.as_on_gpu(maker("sgd")(net)), batch, memory.PRECISIONS[precision])
    assert all(not torch.equal(old, new) for old, new in zip(before, net.parameters(), strict=True))
    found = memory.predicted_peak(build, maker("sgd"), batch, precision)
    assert found.peak == pytest.approx(real.peak, abs=512)  # a few small tensors that a fake kernel does not make
    assert found.activations == pytest.approx(real.activations, abs=512)
    assert parts(found) == found.peak


def allocated_peak(run: Callable[[], None], trace: Path) -> int:
    """The most bytes that torch's CPU allocator had given out while it ran, workspaces of kernels among them."""
    gc.collect()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        run()
    profiler.export_chrome_trace(str(trace))
    events = [event for event in json.loads(trace.read_text())["traceEvents"] if event["name"] == "[memory]"]
    alive = peak = 0
    for event in sorted(events, key=lambda event: event["ts"]):
        alive += event["args"]["Bytes"]
        peak = max(peak, alive)
    return peak


@pytest.mark.parametrize(("name", "options", "count"), SMALL)
def test_what_the_allocator_gave_out(name: str, options: dict[str, Any], count: int, tmp_path: Path) -> None:
    made = modality(name, **options)

    def run() -> None:
        net = made.build(10)
        optimiser = memory.as_on_gpu(maker("adamw")(net))
        for _ in range(2):
            memory.step(net, optimiser, batches(made, count), None, "cpu")

    real = allocated_peak(run, tmp_path / "trace.json")
    # a batch norm's backward is fake with one map more than is real
    assert predicted(name, count, options, optimizer="adamw").peak == pytest.approx(real, rel=0.02)


@pytest.mark.parametrize(
    ("name", "options", "counts"),
    [
        ("image", {"norm": "none"}, (16, 24, 32)),
        ("video", {"plan": "micro"}, (8, 16, 24)),
        ("audio", {"plan": "micro", "frequency": "pooled"}, (64, 128, 192)),
    ],
)
def test_the_peak_is_linear_in_the_batch(name: str, options: dict[str, Any], counts: tuple[int, ...]) -> None:
    """To the byte, as long as the peak stays at the same place of the step."""
    one, two, three = (predicted(name, count, options).peak for count in counts)
    assert three - two == two - one > 0


def test_half_the_bits_halve_the_maps_but_not_the_input_or_the_places_of_the_pools() -> None:
    options = {"norm": "none", "head": "pooled"}
    whole, half, other = (predicted("image", 16, options, precision) for precision in memory.PRECISIONS)
    assert half == other
    assert whole.parameters == half.parameters == half.gradients == half.optimizer
    assert 0.5 < half.activations / whole.activations < 0.62


def test_maps_of_a_clip_in_16_bits_by_hand() -> None:
    """At the last ReLU, as above. Autocast on a CPU would pool in 32 bits, and save a copy of each pool's input."""
    widths, side, frames = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)], 112, 16
    alive = (1 + 4 + 2) * 3 * frames * side * side + 8  # the clip in bytes, normalised, and in 16 bits; and its label
    for width, units in widths:
        alive += 2 * units * width * frames * side * side
        side, frames = side // 2, frames if width == 64 else frames // 2
        alive += (2 + 8) * width * frames * side * side
    alive += 2 * 512 * 2 * 7 * 7 - (2 + 8) * 512 * 1 * 3 * 3
    found = predicted("video", 4, {"norm": "none", "head": "pooled"}, "bf16-mixed")
    head = 4 * (512 * 10 + 10)
    assert found.activations == 4 * alive + (found.parameters - head) // 2  # and a copy of the weights so far


def test_autocast_copies_the_weights() -> None:
    """Of few images of VGG-16, the copies in 16 bits outweigh what the maps save."""
    whole, half = (predicted("image", 8, {"norm": "none"}, p, classes=1000) for p in ("32-true", "bf16-mixed"))
    assert half.activations > whole.activations
    assert half.activations - 2 * VGG16 < whole.activations


def test_weights_take_no_memory() -> None:
    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("tells the memory of this process from /proc")
    grown = []

    def build() -> nn.Module:
        before = int(statm.read_text().split()[1])
        net = made.build(1000)
        grown.append((int(statm.read_text().split()[1]) - before) * 4096)
        return net

    made = modality("image", norm="none")
    found = memory.predicted_peak(build, maker("sgd"), batches(made, 1))
    assert found.parameters == 4 * VGG16
    assert grown[0] < found.parameters / 10


class Watched(nn.Sequential):
    """Notes in every forward and backward pass whether the last step's gradients are alive."""

    def __init__(self) -> None:
        super().__init__(nn.Linear(4, 3))
        self.seen: list[tuple[str, bool]] = []
        self.register_forward_pre_hook(lambda *_: self.note("forward"))
        self.register_full_backward_pre_hook(lambda *_: self.note("backward"))

    def note(self, word: str) -> None:
        self.seen.append((word, self[0].weight.grad is not None))


class Task(LightningModule):
    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        return nn.functional.cross_entropy(self.net(batch[0]), batch[1])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.net.parameters(), lr=0.1)


def test_the_step_has_lightning_s_order(tmp_path: Path) -> None:
    def batch() -> tuple[Tensor, Tensor]:
        return torch.rand(2, 4), torch.tensor([0, 1])

    ours, theirs = Watched(), Watched()
    memory.tracked(ours, torch.optim.SGD(ours.parameters(), lr=0.1), batch, None)
    quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    trainer = Trainer(accelerator="cpu", max_epochs=1, default_root_dir=tmp_path, **quiet)
    trainer.fit(Task(theirs), DataLoader([(x, label) for x, label in zip(*batch(), strict=True)] * 2, batch_size=2))
    assert ours.seen == theirs.seen
    assert ours.seen == [("forward", False), ("backward", False), ("forward", True), ("backward", False)]


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(ValueError, match=r"precision must be one of 32-true, bf16-mixed, 16-mixed, not '64-true'"):
        predicted("image", 1, MICRO, "64-true")
