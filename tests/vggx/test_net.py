"""vggx.net: the paper's parameter counts, one set of keys in every dims, dims against each other, and refusals."""

import re

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vggx.net import VGG, Normalise, PreparedNet, scaled

# at 224 x 224 and 1000 classes; A, B, D and E equal torchvision's, all round to Table 2 of the paper
PARAMS = {
    ("A", "none"): 132_863_336,
    ("A-LRN", "none"): 132_863_336,
    ("B", "none"): 133_047_848,
    ("C", "none"): 133_638_952,
    ("D", "none"): 138_357_544,
    ("E", "none"): 143_667_240,
    ("A", "batch"): 132_868_840,
    ("A-LRN", "batch"): 132_868_840,
    ("B", "batch"): 133_053_736,
    ("C", "batch"): 133_647_400,
    ("D", "batch"): 138_365_992,
    ("E", "batch"): 143_678_248,
}
TABLE_2 = {"A": 133, "A-LRN": 133, "B": 133, "C": 134, "D": 138, "E": 144}  # millions
KEYS = [
    "backbone.block1.conv1_1.conv.weight",
    "backbone.block1.conv1_1.conv.bias",
    "backbone.block1.conv1_1.norm.weight",
    "backbone.block1.conv1_1.norm.bias",
    "backbone.block1.conv1_1.norm.running_mean",
    "backbone.block1.conv1_1.norm.running_var",
    "backbone.block1.conv1_1.norm.num_batches_tracked",
    "backbone.block2.conv2_1.conv.weight",
    "backbone.block2.conv2_1.conv.bias",
    "backbone.block2.conv2_1.norm.weight",
    "backbone.block2.conv2_1.norm.bias",
    "backbone.block2.conv2_1.norm.running_mean",
    "backbone.block2.conv2_1.norm.running_var",
    "backbone.block2.conv2_1.norm.num_batches_tracked",
    "backbone.block3.conv3_1.conv.weight",
    "backbone.block3.conv3_1.conv.bias",
    "backbone.block3.conv3_1.norm.weight",
    "backbone.block3.conv3_1.norm.bias",
    "backbone.block3.conv3_1.norm.running_mean",
    "backbone.block3.conv3_1.norm.running_var",
    "backbone.block3.conv3_1.norm.num_batches_tracked",
    "head.fc6.weight",
    "head.fc6.bias",
    "head.fc7.weight",
    "head.fc7.bias",
    "head.fc8.weight",
    "head.fc8.bias",
]
SHAPES = {1: (2, 24), 2: (2, 16, 24), 3: (2, 8, 16, 24)}


def meta(*args, **options) -> VGG:
    with torch.device("meta"):
        return VGG(*args, **options)


def params(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


def far(a: Tensor, b: Tensor) -> float:
    return ((a - b).abs().max() / b.abs().max()).item()


def vary(net: VGG) -> VGG:
    """Statistics, scales and biases that are not all alike, as after training; evaluation mode."""
    for name, value in net.state_dict().items():
        if name.endswith("running_var") or name.endswith("norm.weight"):
            nn.init.uniform_(value, 0.5, 2.0)
        elif name.endswith("bias") or name.endswith("running_mean"):
            nn.init.normal_(value, std=0.2)
    return net.eval()


# counts and keys


@pytest.mark.parametrize(("plan", "norm"), PARAMS)
def test_parameters_are_the_published_number(plan: str, norm: str) -> None:
    found = params(meta((3, 224, 224), 1000, plan=plan, norm=norm))
    assert found == PARAMS[plan, norm]
    assert round(found / 1e6) == TABLE_2[plan]


@pytest.mark.parametrize(("alias", "plan"), [("vgg11", "A"), ("vgg13", "B"), ("vgg16", "D"), ("vgg19", "E")])
def test_an_alias_builds_its_plan(alias: str, plan: str) -> None:
    net = meta((3, 224, 224), 1000, plan=alias)
    assert (net.spec.plan, params(net)) == (plan, PARAMS[plan, "none"])


def test_plan_d_is_the_default() -> None:
    net = meta((3, 224, 224), 1000)
    assert (net.spec.plan, net.dims, net.grid, net.smallest_input) == ("D", 2, (7, 7), (32, 32))
    assert params(net) == 138_357_544


def test_a_quarter_of_the_width() -> None:
    # a published "light" net of 43,093,322 parameters: a quarter of A's widths on grey, 4096 in fc6 and fc7, 10 classes
    net = meta((1, 224, 224), 10, plan="A", width=0.25)
    papers_classifier = (128 * 7 * 7 + 1) * 4096 + (4096 + 1) * 4096 + (4096 + 1) * 10
    assert params(net.backbone) + papers_classifier == 43_093_322
    assert params(net.head) == (128 * 7 * 7 + 1) * 1024 + (1024 + 1) * 1024 + (1024 + 1) * 10  # narrowed here too


@pytest.mark.parametrize("dims", SHAPES)
def test_keys_are_frozen_and_the_same_in_every_dims(dims: int) -> None:
    assert list(meta(SHAPES[dims], 5, plan="micro", norm="batch").state_dict()) == KEYS


def test_keys_without_norm_and_with_the_pooled_head() -> None:
    plain = list(meta((1, 8, 8), 5, plan="micro").state_dict())
    assert plain == [key for key in KEYS if ".norm." not in key]
    pooled = list(meta((1, 8, 8), 5, plan="micro", head="pooled").state_dict())
    assert pooled == [key for key in plain if key.startswith("backbone")] + ["head.fc.weight", "head.fc.bias"]


# shapes


@pytest.mark.parametrize("dims", SHAPES)
@pytest.mark.parametrize("head", ["fc", "pooled"])
@pytest.mark.parametrize("norm", ["none", "batch"])
def test_one_score_per_class(dims: int, head: str, norm: str) -> None:
    net = VGG(SHAPES[dims], 5, plan="micro", width=0.25, head=head, norm=norm).eval()
    assert net.grid == tuple(side // 8 for side in SHAPES[dims][1:])
    assert net(torch.rand(3, *SHAPES[dims])).shape == (3, 5)
    larger = [side + 9 for side in SHAPES[dims][1:]]
    assert net(torch.rand(1, 2, *larger)).shape == (1, 5)
    assert net(torch.rand(1, 2, *(8,) * dims)).shape == (1, 5)  # the smallest, below the grid


def test_the_grid_may_be_given() -> None:
    net = VGG((3, 32, 32), 5, plan="micro", grid=(2, 1))
    assert net.head.fc6.weight.shape == (128, 64, 2, 1)
    assert net.head.score_map(net.backbone(torch.rand(1, 3, 32, 32))).shape == (1, 5, 3, 4)


def test_every_option_reaches_its_layer() -> None:
    options = {"activation": "leaky_relu", "dropout": 0.1, "pools": [(1, 2, 2), 2, 2], "padding": "replicate"}
    net = VGG((1, 8, 8, 8), 2, plan="micro", **options)
    assert net.backbone.block1.conv1_1.act.negative_slope == net.head.act.negative_slope == 0.01
    assert net.head.dropout.p == 0.1
    assert net.backbone.block1.pool1.kernel_size == (1, 2, 2)
    assert net.backbone.block3.conv3_1.pad.sizes == [1] * 6
    assert net.smallest_input == (4, 8, 8)


# dims against each other


@pytest.mark.parametrize("frames", [1, 3, 7])
def test_dims_3_with_kernels_that_see_one_frame_is_dims_2_on_every_frame(frames: int) -> None:
    torch.manual_seed(0)
    options = {"plan": "C:3", "width": 0.1, "norm": "batch"}
    flat = vary(VGG((3, 16, 24), 5, **options))
    deep = VGG((3, 4, 16, 24), 5, kernel=(frames, 3, 3), pools=[(1, 2, 2)] * 3, grid=(1, 2, 3), **options).eval()
    inflated = {name: torch.zeros(value.shape) for name, value in deep.state_dict().items()}
    for name, value in flat.state_dict().items():
        if value.ndim == 4:
            inflated[name][:, :, inflated[name].shape[2] // 2] = value
        else:
            inflated[name] = value
    assert inflated["backbone.block3.conv3_2.conv.weight"].shape[2:] == (frames, 3, 3)
    assert inflated["backbone.block3.conv3_3.conv.weight"].shape[2:] == (1, 1, 1)
    deep.load_state_dict(inflated)
    clip = torch.rand(2, 3, 4, 16, 24)
    frames = [flat.backbone(frame) for frame in clip.unbind(2)]
    for block, maps in enumerate(deep.backbone(clip)):
        assert far(maps, torch.stack([frame[block] for frame in frames], 2)) < 1e-5
    assert far(deep(clip), torch.stack([flat(frame) for frame in clip.unbind(2)]).mean(0)) < 1e-5


@pytest.mark.parametrize("frames", [3, 7])
@pytest.mark.parametrize(("padding", "still"), [(("replicate", "zeros", "zeros"), True), ("zeros", False)])
def test_a_still_clip_gives_its_frames_scores_only_when_time_is_replicated(padding, still: bool, frames: int) -> None:
    torch.manual_seed(0)
    flat = vary(VGG((3, 16, 16), 5, plan="micro"))
    deep = VGG((3, 8, 16, 16), 5, plan="micro", kernel=(frames, 3, 3), padding=padding, grid=(1, 2, 2)).eval()
    spread = {}
    for name, value in flat.state_dict().items():
        length = deep.state_dict()[name].shape[2] if value.ndim == 4 else 1
        spread[name] = value.unsqueeze(2).repeat(1, 1, length, 1, 1) / length if value.ndim == 4 else value
    deep.load_state_dict(spread)
    frame = torch.rand(2, 3, 16, 16)
    error = far(deep(frame.unsqueeze(2).expand(-1, -1, 8, -1, -1)), flat(frame))
    assert error < 1e-5 if still else error > 0.01


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_dims_2_on_an_image_of_one_row_is_dims_1(norm: str) -> None:
    torch.manual_seed(0)
    flat = vary(VGG((3, 1, 24), 5, plan="micro", norm=norm, pools=[(1, 2)] * 3))
    line = VGG((3, 24), 5, plan="micro", norm=norm).eval()
    assert (flat.grid, line.grid) == ((1, 3), (3,))
    # zeros above and below: only the middle row of a kernel meets the image
    rows = {name: v[:, :, v.shape[2] // 2] if v.ndim == 4 else v for name, v in flat.state_dict().items()}
    line.load_state_dict(rows)
    x = torch.rand(2, 3, 31)
    assert far(line(x), flat(x[:, :, None])) < 1e-5


def test_the_net_is_its_functions_applied_by_hand() -> None:
    torch.manual_seed(0)
    net = vary(VGG((2, 16, 16), 5, plan="micro", width=0.5, norm="batch", activation="leaky_relu"))
    state, x = net.state_dict(), torch.rand(2, 2, 16, 16)
    expected = x
    for n in (1, 2, 3):
        w = {key.split(f"conv{n}_1.")[1]: v for key, v in state.items() if f"conv{n}_1." in key}
        expected = F.conv2d(expected, w["conv.weight"], w["conv.bias"], padding=1)
        scale = w["norm.weight"] / (w["norm.running_var"] + 1e-5).sqrt()
        shift = w["norm.bias"] - scale * w["norm.running_mean"]
        expected = F.max_pool2d(F.leaky_relu(expected * scale.view(-1, 1, 1) + shift.view(-1, 1, 1), 0.01), 2)
    expected = expected.flatten(1)
    for name in ("fc6", "fc7", "fc8"):
        expected = F.linear(expected, state[f"head.{name}.weight"].flatten(1), state[f"head.{name}.bias"])
        expected = expected if name == "fc8" else F.leaky_relu(expected, 0.01)
    assert far(net(x), expected) < 1e-5


# learning


@pytest.mark.parametrize("dims", SHAPES)
@pytest.mark.parametrize("head", ["fc", "pooled"])
def test_one_batch_is_learnt_by_heart(dims: int, head: str) -> None:
    torch.manual_seed(0)
    net = VGG((2,) + (8,) * dims, 4, plan="micro", width=0.5, head=head, norm="batch", dropout=0.0)
    x, labels = torch.randn(8, 2, *(8,) * dims), torch.arange(8) % 4
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3)
    for _ in range(40):
        loss = F.cross_entropy(net(x), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert all(parameter.grad is not None for parameter in net.parameters())
    assert loss.item() < 0.1
    assert net(x).argmax(1).tolist() == labels.tolist()


# refusals


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((3, 32), {"plan": "F"}, "no plan is called 'F'"),
        ((3, 32), {"head": "linear"}, "head must be one of fc, pooled, not 'linear'"),
        ((3, 32), {"norm": "layer"}, "norm must be none or one of batch, not 'layer'"),
        ((3, 32), {"activation": "gelu"}, "activation must be one of relu, leaky_relu, not 'gelu'"),
        (
            (3, 32),
            {"init": "zeros"},
            "init must be one of glorot, normal, normal_variance, he, torchvision, not 'zeros'",
        ),
        ((3, 32), {"padding": "reflect"}, "padding must be one of"),
        ((3, 32), {"grid": (7, 7)}, r"1 spatial axes need 1 values, one for each of \('time',\): got \(7, 7\)"),
        ((3, 32), {"pools": [2, 2]}, "plan micro has 3 blocks and needs as many pools"),
        ((3, 32), {"dropout": 1.5}, "dropout must be a share from 0 to 1, got 1.5"),
        ((3, 32), {"outputs": 0}, "a net needs one class or more, not 0"),
        ((3,), {}, "dims must be 1, 2 or 3, not 0"),
        ((3, 8, 8, 8, 8), {}, "dims must be 1, 2 or 3, not 4"),
    ],
)
def test_an_option_that_does_not_exist_is_refused(shape: tuple[int, ...], options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VGG(shape, **({"outputs": 2, "plan": "micro"} | options))


@pytest.mark.parametrize("grid", [(0, 2), (-1, 2)])
def test_a_grid_below_1_is_refused(grid: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=rf"^grid must be 1 or more on every axis, got \({grid[0]}, 2\)$"):
        meta((3, 32, 32), 2, plan="micro", grid=grid)


def test_an_input_too_short_for_the_pools_is_refused_before_anything_is_built() -> None:
    message = (
        "an input of 8 along time is too short for plan D: its pools (pool1, pool2, pool3, pool4, pool5) shorten time "
        "2 x 2 x 2 x 2 x 2 = 32 times and pool4 would have nothing to pool. Give at least 32, smaller pools, or a plan "
        "of fewer blocks"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        VGG((3, 8, 112, 112), 10, plan="D")


def test_a_tensor_too_short_is_refused() -> None:
    net = VGG((3, 16, 16), 2, plan="micro")
    with pytest.raises(ValueError, match=r"plan micro takes \('height', 'width'\) of at least \(8, 8\), got \(16, 7\)"):
        net(torch.rand(1, 3, 16, 7))


@pytest.mark.parametrize("shape", [(1, 1, 16, 16), (3, 16, 16), (1, 3, 16), (1, 3, 4, 16, 16)])
def test_a_tensor_of_another_rank_or_channels_is_refused(shape: tuple[int, ...]) -> None:
    net = VGG((3, 16, 16), 2, plan="micro")
    message = f"the net takes (N, 3, height, width), got a tensor of {shape}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        net(torch.rand(shape))


# the way to the net


def test_bytes_are_scaled_and_floats_are_not() -> None:
    assert scaled(torch.tensor([0, 51, 255], dtype=torch.uint8)).tolist() == pytest.approx([0, 0.2, 1])
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        found = scaled(torch.tensor([0.5, 2.0], dtype=dtype))
        assert (found.dtype, found.tolist()) == (torch.float32, [0.5, 2.0])


@pytest.mark.parametrize("dims", SHAPES)
def test_normalise_by_channel(dims: int) -> None:
    normalise = Normalise([0.0, 0.2], [1.0, 0.5])
    x = torch.full((3, 2, *(4,) * dims), 51, dtype=torch.uint8)
    x[:, 1] = 255
    found = normalise(x)
    assert found.shape == x.shape
    torch.testing.assert_close(found[:, 0], torch.full_like(found[:, 0], 0.2))
    torch.testing.assert_close(found[:, 1], torch.full_like(found[:, 1], 1.6))


def test_normalise_by_one_value_for_all() -> None:
    found = Normalise([2.0], [4.0])(torch.tensor([[[10.0], [2.0]]]))
    assert found.tolist() == [[[2.0], [0.0]]]


def test_bytes_and_the_floats_they_stand_for_are_normalised_alike() -> None:
    normalise = Normalise([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    pixels = torch.randint(0, 256, (2, 3, 5, 5), dtype=torch.uint8)
    assert torch.equal(normalise(pixels), normalise(pixels.float() / 255))


def test_the_statistics_travel_with_the_weights() -> None:
    trained, fresh = Normalise([0.3], [0.7]), Normalise([0.0], [1.0])
    fresh.load_state_dict(trained.state_dict())
    assert torch.equal(fresh(torch.ones(1, 1, 2)), trained(torch.ones(1, 1, 2)))


@pytest.mark.parametrize(
    ("mean", "std"), [([0.1], [0.1, 0.2]), ([0.1], [0.0]), ([0.1], [-1.0]), ([0.1], [float("nan")])]
)
def test_statistics_that_cannot_normalise_are_refused(mean: list[float], std: list[float]) -> None:
    with pytest.raises(ValueError, match="mean and std need as many values, and std positive ones"):
        Normalise(mean, std)


def test_a_prepared_net_prepares_then_normalises_then_scores() -> None:
    torch.manual_seed(0)
    vgg = VGG((2, 8), 3, plan="micro", width=0.25).eval()

    class Halves(nn.Module):
        def forward(self, x: torch.Tensor, lengths: None) -> tuple[torch.Tensor, None]:
            return x.unflatten(1, (2, 8)), None

    net = PreparedNet(vgg, Normalise([1.0, 2.0], [2.0, 4.0]), Halves()).eval()
    waves = torch.randn(4, 16)
    channels = waves.view(4, 2, 8)
    by_hand = torch.stack([(channels[:, 0] - 1) / 2, (channels[:, 1] - 2) / 4], 1)
    torch.testing.assert_close(net(waves), vgg(by_hand))


def test_a_prepared_net_feeds_pixels_as_they_are() -> None:
    vgg = VGG((3, 8, 8), 2, plan="micro", width=0.25).eval()
    net = PreparedNet(vgg, Normalise([0.0] * 3, [1.0] * 3)).eval()
    pixels = torch.randint(0, 256, (2, 3, 8, 8), dtype=torch.uint8)
    assert torch.equal(net(pixels), vgg(pixels / 255))


def test_a_prepared_net_refuses_another_number_of_channels() -> None:
    """One mean per channel must not be spread over a grey picture, which would make three channels of it."""
    net = PreparedNet(VGG((3, 8, 8), 2, plan="micro", width=0.25), Normalise([0.1, 0.2, 0.3], [1.0] * 3))
    with pytest.raises(ValueError, match=r"3.*\(2, 1, 8, 8\)"):
        net(torch.zeros(2, 1, 8, 8, dtype=torch.uint8))


def test_a_prepared_net_keeps_the_nets_keys_apart_from_the_statistics() -> None:
    vgg = VGG((1, 8), 2, plan="micro", width=0.25)
    keys = list(PreparedNet(vgg, Normalise([0.0], [1.0])).state_dict())
    assert keys == ["normalise.mean", "normalise.std", *(f"vgg.{key}" for key in vgg.state_dict())]


@pytest.mark.parametrize("head", ["fc", "pooled"])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_the_answer_is_the_mean_of_the_score_map(dims: int, head: str) -> None:
    net = VGG((2, *(16,) * dims), 3, plan="micro", width=0.25, head=head, norm="batch").eval()
    x = torch.randn(2, 2, *(40,) * dims)
    scores = net.score_map(x)
    assert scores.shape == (2, 3, *((4 if head == "fc" else 5),) * dims)
    torch.testing.assert_close(scores.flatten(2).mean(2), net(x))
