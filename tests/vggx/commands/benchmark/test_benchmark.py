"""`benchmark`: who is timed beside whom, in which settings, and figures that fit each other."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from vggx import configs, settings
from vggx.commands.benchmark import benchmark as module
from vggx.commands.benchmark.benchmark import Terms, benchmark
from vggx.commands.benchmark.entrants import beside, eaten_shape, of_one_channel, ours, theirs
from vggx.cost import peers, roofline
from vggx.cost.ledger import ledger_of, total
from vggx.cost.speed import ceiling
from vggx.cost.speed.steps import Setting, Step
from vggx.options import Device, Settings

CPU = torch.device("cpu")


def net(name: str, **options: Any) -> Settings:
    """A small net with a user's usual options."""
    recipe = configs.load("recipe/default")
    config = OmegaConf.create({"modality": configs.load(f"modality/{name}"), "recipe": recipe})
    for key, value in ({"net.plan": "micro", "net.head": "pooled"} | options).items():
        OmegaConf.update(config.modality, key, value)
    return settings.usual_settings(config)


IMAGE = {"data.size": 32}
OURS = "vggx micro, batch norm"
VIDEO = {"data.size": 32, "data.frames": 8}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceiling, "SIDES", {"cpu": 128})
    monkeypatch.setattr(ceiling, "COPIED", {"cpu": 2**20})


@pytest.fixture
def small_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Peers that are timed on 64 x 64 pixels; at their own size a step on a CPU takes a tenth of a second."""
    find = peers.find
    monkeypatch.setattr(peers, "find", lambda name: replace(find(name), input_shape=(3, 64, 64)))


def terms(**more: Any) -> Terms:
    return Terms(**{"classes": 10, "batch_sizes": (2,), "repeats": 2, "seconds": 0.001} | more)


@pytest.mark.usefixtures("small_peers")
def test_a_row_for_every_net_mode_batch_and_setting() -> None:
    both = (Setting(channels_last=True), Setting("bf16-mixed", channels_last=True))
    found = benchmark(
        [net("image", **IMAGE)], ["torchvision:squeezenet1_1"], terms(batch_sizes=(1, 2), settings=both), CPU
    )
    keys = [(row["net"], row["mode"], row["batch_size"], row["precision"]) for row in found["rows"]]
    assert keys == [
        (name, mode, batch, precision)
        for mode in ("train", "infer")
        for batch in (1, 2)
        for name in (OURS, "torchvision:squeezenet1_1")
        for precision in ("32-true", "bf16-mixed")
    ]
    assert [row["peer"] for row in found["rows"]] == [False, False, True, True] * 4
    assert all(row["modality"] == "image" and row["error"] is None for row in found["rows"])


@pytest.mark.usefixtures("small_peers")
def test_the_figures_of_a_row_fit_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = net("image", **IMAGE)
    scripted = {OURS: [1.0, 2.0, 4.0], "torchvision": [3.0, 2.0, 8.0], "product": [0.5] * 3, "copy": [0.25] * 3}

    def in_turn(steps: Any, device: Any, *, repeats: int, seconds: float) -> Any:
        assert repeats == 3
        for turn in range(repeats):
            yield {name: next(t[turn] for key, t in scripted.items() if name.startswith(key)) for name in steps}

    monkeypatch.setattr(module.clock, "in_turn", in_turn)
    row, other = benchmark([chosen], ["torchvision:squeezenet1_1"], terms(modes=("train",), repeats=3), CPU)["rows"]
    costs = total(ledger_of(chosen.modality, 10))
    assert row["flops"] == costs["flops_train"]
    assert (row["samples_per_second"], row["step_ms"]) == (1.0, 2000.0)  # batches of two
    assert (row["low"], row["high"]) == (0.75, 1.5)
    assert row["flops_per_second"] == pytest.approx(row["samples_per_second"] * costs["flops_train"])
    assert row["mfu"] == pytest.approx(row["flops_per_second"] / row["device_flops_per_second"])
    assert row["device_flops_per_second"] == other["device_flops_per_second"] == 2 * 128**3 / 0.5
    device = Device(
        name="",
        rate=row["device_flops_per_second"],
        bandwidth=row["device_bytes_per_second"],
        memory=1.0,
        source="measured",
    )
    least = roofline.limit(ledger_of(chosen.modality, 10), device, 2, 4).train_seconds
    assert row["roofline_share"] == pytest.approx(1e3 * least / row["step_ms"])
    assert other["roofline_share"] is None
    ratios = {"low": 1.5, "median": 2.0, "high": 2.5}  # of the pairs of each round: 3, 1 and 2
    assert row["against"][0] == {"net": "torchvision:squeezenet1_1", "precision": "32-true", **ratios}
    assert other["against"] == []


def test_single_answers_have_latencies() -> None:
    found = benchmark([net("image", **IMAGE)], [], terms(batch_sizes=(1, 2)), CPU)["rows"]
    told = {(row["mode"], row["batch_size"]): row["latency_ms"] for row in found}
    assert told[("infer", 1)].keys() == {"p50", "p95", "p99"}
    assert [key for key, value in told.items() if value is None] == [("train", 1), ("train", 2), ("infer", 2)]


@pytest.mark.usefixtures("small_peers")
def test_a_net_that_does_not_fit_is_told_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    class Greedy(Step):
        def __init__(self, subject: Any, *rest: Any):
            if subject.name.startswith("torchvision"):
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 PiB")
            super().__init__(subject, *rest)

    monkeypatch.setattr(module, "Step", Greedy)
    own, peer = benchmark([net("image", **IMAGE)], ["torchvision:squeezenet1_1"], terms(modes=("infer",)), CPU)["rows"]
    assert peer["error"] == "out of memory"
    assert peer["samples_per_second"] is None
    assert own["error"] is None
    assert own["against"] == []
    assert own.keys() == peer.keys()


@pytest.mark.usefixtures("small_peers")
def test_the_time_of_our_nets_by_kernel_and_layer() -> None:
    found = benchmark([net("image", **IMAGE)], ["torchvision:squeezenet1_1"], terms(profile=True), CPU)["profiles"]
    assert [(one["net"], one["mode"]) for one in found] == [(OURS, "train"), (OURS, "infer")]
    assert found[0]["layers"] is None
    assert found[1]["layers"][0]["layer"] == "backbone.block1.conv1_1.conv"
    assert any("conv" in row["kernel"] for row in found[0]["kernels"])


# who stands beside whom


def test_peers_stand_beside_nets_of_their_axes_and_images_beside_sound() -> None:
    known = [peers.find("torchvision:vgg11"), peers.find("torchvision:r3d_18")]
    names = {name: [peer.name for peer in beside(known, net(name))] for name in ("image", "video", "audio")}
    assert names == {
        "image": ["torchvision:vgg11"],
        "video": ["torchvision:r3d_18"],
        "audio": ["torchvision:vgg11"],
    }


def test_a_peer_beside_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"compare=\['torchvision:r3d_18'\]: beside no net"):
        benchmark([net("image")], ["torchvision:r3d_18"], terms(), CPU)


def test_beside_sound_a_peer_takes_the_same_spectrogram_in_one_channel() -> None:
    chosen = net("audio")
    bands, steps = eaten_shape(chosen.modality)
    assert (bands, steps) == tuple(chosen.modality.spec(2).input_shape)
    peer = theirs(peers.find("torchvision:vgg11"), chosen, [Setting()])
    assert peer.subject.shape == (1, bands, steps)
    built = peer.subject.build()
    assert built.features[0].weight.shape == (64, 1, 3, 3)
    assert built(torch.rand(1, 1, bands, steps)).shape == (1, 1000)


def test_bands_that_are_folded_into_the_batch_are_rows_of_the_input() -> None:
    chosen = net("audio", **{"net.frequency": "pooled", "net.bands": 4})
    assert eaten_shape(chosen.modality)[0] == 4
    found = benchmark([chosen], [], terms(modes=("infer",)), CPU)["rows"]
    assert found[0]["flops"] == total(ledger_of(chosen.modality, 10))["flops"]


def test_the_first_convolution_keeps_all_but_its_channels() -> None:
    first = of_one_channel(peers.find("torchvision:resnet18").build).conv1
    assert (first.in_channels, first.out_channels, first.kernel_size, first.stride) == (1, 64, (7, 7), (2, 2))
    assert first.padding == (3, 3)
    assert first.bias is None


def test_peers_run_as_their_libraries_do_and_in_our_precisions() -> None:
    wanted = [Setting("bf16-mixed", channels_last=True), Setting("bf16-mixed")]
    peer = theirs(peers.find("torchvision:vgg11"), net("image"), wanted)
    assert peer.settings == [Setting(), Setting("bf16-mixed")]
    group = peer.subject.optimizer(torch.nn.Linear(2, 2)).param_groups[0]
    assert (group["momentum"], group["fused"], group["foreach"]) == (0.9, None, None)


def test_our_intensity_is_the_ledgers_and_a_peers_is_counted_alike() -> None:
    """torchvision's vgg11 and ours move the same values, but for what it pools to the grid that it has anyway."""
    mine = ours(net("image", **{"net.plan": "A", "net.norm": "none", "net.head": "fc"}), 1000, [Setting()])
    peer = theirs(peers.find("torchvision:vgg11"), net("image"), [Setting()])
    assert peer.flops == mine.flops
    assert peer.maps - mine.maps == 2 * 512 * 7 * 7
    assert mine.intensity(8, "bf16-mixed") == 2 * mine.intensity(8, "32-true")
    assert mine.intensity(64, "32-true") > mine.intensity(1, "32-true")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"modes": ("evaluate",)}, "modes must be of train, infer, not"),
        ({"modes": ()}, "modes must be of train, infer, not"),
        ({"batch_sizes": (0,)}, "batch_sizes must be 1 or more"),
        ({"repeats": 0}, "repeats must be 1 or more, not 0"),
        ({"seconds": 0.0}, "seconds must be positive, not 0.0"),
        ({"settings": (Setting("fp8"),)}, "precision must be one of"),
    ],
)
def test_what_cannot_be_timed_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        terms(**wrong)


def test_a_wrong_cudnn_is_refused_before_anything_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91002)
    wanted = terms(settings=(Setting("bf16-mixed"),))
    with pytest.raises(ValueError, match=r"cuDNN 9\.10 has 3D convolutions in 16 bits wrong"):
        benchmark([net("video", **VIDEO)], [], wanted, torch.device("cuda"))
