"""modalities.audio.net: steps and pools by formula, and shared weights over bands against a loop."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from modalities.audio.net import build
from modalities.audio.options import Data, Net
from modalities.audio.spec import matching_pools, spec, steps_after
from vggx.folded import FoldedVGG
from vggx.net import VGG, PreparedNet


def data(**given: Any) -> Data:
    return Data(**{"sample_rate": 8000, "seconds": 1.0, **given})


def options(**given: Any) -> Net:
    defaults = {"plan": "micro", "norm": "none", "head": "pooled", "dropout": 0.0, "init": "he"}
    return Net(**{**defaults, "n_fft": 256, "hop": 80, "mels": 40, "bands": 8, **given})


def net(classes: int = 5, where: Data | None = None, **given: Any) -> PreparedNet:
    torch.manual_seed(0)
    return build(options(**given), where or data(), classes).eval()


def waves(batch: int = 3, samples: int = 8000) -> Tensor:
    return torch.randn(batch, samples, generator=torch.Generator().manual_seed(1))


# T_L = T_0 / s^L


@given(st.integers(1, 10_000), st.integers(0, 8), st.integers(1, 4))
def test_steps_after_l_pools_of_s(steps: int, blocks: int, stride: int) -> None:
    assert steps_after(steps, [stride] * blocks) == steps // stride**blocks


@pytest.mark.parametrize(
    ("steps", "pools", "expected"),
    [(96, [2] * 4, 6), (1001, [2] * 5, 31), (101, [2, 2, 2], 12), (101, [2, 1, 1], 50), (7, [4, 2], 0), (9, [], 9)],
)
def test_steps_by_hand(steps: int, pools: list[int], expected: int) -> None:
    """VGGish has 96 steps and 4 pools, CNN14 1001 and 5."""
    assert steps_after(steps, pools) == expected


@given(st.integers(1, 400), st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_steps_are_those_of_a_net(steps: int, pools: list[int]) -> None:
    x = torch.zeros(1, 1, steps)
    for pool in pools:
        if x.shape[-1] < pool:
            assert steps_after(steps, pools) == 0
            return
        x = F.max_pool1d(x, pool)
    assert x.shape[-1] == steps_after(steps, pools)


@given(st.integers(1, 3000), st.integers(1, 64), st.integers(1, 7))
def test_matching_pools_bring_the_steps_nearest_to_the_bands(steps: int, bands: int, blocks: int) -> None:
    pools = matching_pools(steps, bands, blocks)
    twos = pools.count(2)
    assert pools == [2] * twos + [1] * (blocks - twos)
    reached = steps_after(steps, pools)
    assert reached >= 1
    assert all(abs(reached - bands) <= abs(steps // 2**other - bands) for other in range(blocks + 1))


@pytest.mark.parametrize(
    ("steps", "bands", "blocks", "expected"),
    [
        (101, 8, 3, [2, 2, 2]),
        (101, 25, 3, [2, 2, 1]),
        (101, 4, 5, [2] * 5),
        (101, 5, 5, [2, 2, 2, 2, 1]),
        (101, 100, 3, [1, 1, 1]),
        (101, 1, 5, [2] * 5),
    ],
)
def test_matching_pools_by_hand(steps: int, bands: int, blocks: int, expected: list[int]) -> None:
    assert matching_pools(steps, bands, blocks) == expected


# frequency as channels


def test_mel_bands_are_the_channels() -> None:
    found = net()
    assert isinstance(found.vgg, VGG)
    assert not isinstance(found.vgg, FoldedVGG)
    assert (found.vgg.dims, found.vgg.in_channels, found.vgg.input_shape) == (1, 40, (40, 101))
    kernels = {tuple(p.shape[2:]) for p in found.vgg.backbone.parameters() if p.ndim > 1}
    assert kernels == {(3,)}
    maps, valid = found.prepare(waves())
    assert (maps.shape, valid) == ((3, 40, 101), None)
    assert [m.shape[-1] for m in found.vgg.backbone(torch.zeros(1, 40, 101))] == [50, 25, 12]
    assert found(waves()).shape == (3, 5)


def test_a_waveform_goes_through_front_end_normalisation_and_net() -> None:
    found = net(mean=[-5.0], std=[2.0])
    logits = found.vgg((found.prepare(waves())[0] + 5) / 2)
    torch.testing.assert_close(found(waves()), logits)


def test_published_parameter_count() -> None:
    """VGG11 in dims 1 on 64 mel bands, global average and 50 classes: 3,112,690; VGG16: 4,945,074."""
    with torch.device("meta"):
        for plan, count in {"A": 3_112_690, "D": 4_945_074}.items():
            vgg = VGG((64, 500), 50, plan=plan, head="pooled")
            assert sum(p.numel() for p in vgg.parameters()) == count
    made = spec(options(plan="A", mels=64, n_fft=1024, hop=160), data(sample_rate=16000, seconds=5.0), 50)
    assert (made.input_shape, made.head.grid) == ((64, 501), (1,))
    assert [block.pool.stride for block in made.blocks] == [(2,)] * 5


def test_time_pools_can_be_set() -> None:
    found = net(time_pools=[4, 1, 2])
    assert [m.shape[-1] for m in found.vgg.backbone(torch.zeros(1, 40, 101))] == [25, 25, 12]
    with pytest.raises(ValueError, match=r"plan micro has 3 blocks and needs as many pools, got \[2, 2\]"):
        net(time_pools=[2, 2])


@pytest.mark.parametrize("frequency", ["channels", "pooled"])
def test_a_clip_too_short_for_its_pools_is_refused_by_name_and_number(frequency: str) -> None:
    with pytest.raises(
        ValueError, match=r"an input of 7 along time is too short .* 2 x 2 x 2 = 8 times .* Give at least 8"
    ):
        net(where=data(seconds=0.06), frequency=frequency, time_pools=[2, 2, 2])


@pytest.mark.parametrize("head", ["fc", "pooled"])
def test_a_longer_clip_goes_through_too(head: str) -> None:
    assert net(head=head)(waves(2, 20_000)).shape == (2, 5)


# frequency pooled


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("head", ["pooled", "fc"])
def test_folding_equals_a_loop_over_bands_with_the_same_weights(head: str, norm: str) -> None:
    folded = net(frequency="pooled", head=head, norm=norm).vgg
    assert isinstance(folded, FoldedVGG)
    torch.manual_seed(3)
    for module in folded.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    x = torch.randn(4, 8, 101)
    maps = [folded.backbone(x[:, band : band + 1])[-1] for band in range(8)]  # eight of (N, C, T_L)
    if head == "pooled":
        mean = torch.stack([m.mean(2) for m in maps]).mean(0)
        expected = F.linear(mean, folded.head.fc.weight, folded.head.fc.bias)
    else:
        scores = []
        for m in maps:
            for step in range(m.shape[2]):
                y = m[:, :, step]
                for layer in (folded.head.fc6, folded.head.fc7):
                    y = F.linear(y, layer.weight[:, :, 0], layer.bias).relu()
                scores.append(F.linear(y, folded.head.fc8.weight[:, :, 0], folded.head.fc8.bias))
        expected = torch.stack(scores).mean(0)
    torch.testing.assert_close(folded(x), expected, rtol=1e-5, atol=1e-6)
    scores_of_bands = folded.score_map(x)
    assert scores_of_bands.shape == (4, 5, 8, maps[0].shape[2])
    alone = folded.head.score_map([maps[5]])
    torch.testing.assert_close(scores_of_bands[:, :, 5], alone, rtol=1e-5, atol=1e-6)


def test_every_band_counts_and_samples_do_not_mix() -> None:
    folded = net(frequency="pooled").vgg
    x = torch.randn(3, 8, 101, generator=torch.Generator().manual_seed(2))
    whole = folded(x)
    torch.testing.assert_close(folded(x[1:2]), whole[1:2])
    for band in range(8):
        changed = x.clone()
        changed[0, band] += 1
        assert not torch.allclose(folded(changed)[0], whole[0])
    torch.testing.assert_close(folded(x.flip(1)), whole, rtol=1e-5, atol=1e-6)  # the mean knows no order of bands


def test_pooled_frequency_has_one_channel_and_matching_pools() -> None:
    found = net(frequency="pooled")
    assert (found.vgg.in_channels, found.vgg.input_shape) == (1, (1, 101))
    assert found.prepare(waves())[0].shape == (3, 8, 101)
    maps = found.vgg.backbone(torch.zeros(1, 1, 101))
    assert maps[-1].shape[-1] == 12  # of 101, 50, 25 and 12 the nearest to 8
    assert options(frequency="pooled").rows() == 8
    assert options().rows() == 1
    assert found(waves()).shape == (3, 5)


def test_one_set_of_weights_whatever_the_bands() -> None:
    sizes = {
        sum(p.numel() for p in net(frequency="pooled", bands=bands, time_pools=[2, 2, 2]).parameters())
        for bands in (1, 4, 8, 40)
    }
    assert len(sizes) == 1


@pytest.mark.parametrize("bands", [0, 41, -1])
def test_more_bands_than_mels_are_refused(bands: int) -> None:
    with pytest.raises(ValueError, match=rf"modality\.net\.bands={bands} must lie in 1\.\.40, the number of mels"):
        net(frequency="pooled", bands=bands)


def test_an_unknown_frequency_is_refused() -> None:
    with pytest.raises(ValueError, match=r"modality\.net\.frequency must be one of channels, pooled, not 'folded'"):
        net(frequency="folded")


def test_a_grid_does_not_reach_across_bands() -> None:
    """Bands lie side by side along time, so that a kernel of more than one step would see two of them."""
    with pytest.raises(ValueError, match=r"^modality\.net\.grid=\[3\]: bands lie .*, the grid must be \[1\]$"):
        net(frequency="pooled", head="fc", grid=[3])


@pytest.mark.parametrize("frequency", ["channels", "pooled"])
def test_every_weight_has_a_gradient(frequency: str) -> None:
    found = net(frequency=frequency, norm="batch").train()
    found(waves()).logsumexp(1).sum().backward()
    for name, parameter in found.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0 or name.endswith("conv.bias"), name


def test_mixed_precision_keeps_the_front_end_in_float32() -> None:
    found = net()
    seen = []
    found.prepare.register_forward_hook(lambda module, x, y: seen.append(y[0]))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = found(waves())
    assert seen[0].dtype == torch.float32
    assert logits.dtype == torch.bfloat16
    assert torch.equal(seen[0], found.prepare(waves())[0])


def test_one_value_of_mean_and_std_stands_for_all_bands() -> None:
    assert net(mean=[-5.0], std=[2.0]).normalise.mean.tolist() == [-5.0]
    with pytest.raises(ValueError, match="need one value for each of 1 channels"):
        net(normalize="imagenet")
    with pytest.raises(ValueError, match="std positive"):
        net(mean=[0.0], std=[0.0])


def test_an_unset_option_is_named() -> None:
    with pytest.raises(ValueError, match="the option mels is not set"):
        net(mels=None)
    with pytest.raises(ValueError, match="the option bands is not set"):
        net(frequency="pooled", bands=None)


def test_masks_of_maps_that_are_not_normalised_are_refused() -> None:
    """0 would not be their mean, but a loud bar."""
    with pytest.raises(ValueError, match=r"modality\.data\.frequency_mask and time_mask put 0 .*normalize=dataset"):
        net(where=data(time_mask=5), normalize="none")
    assert net(where=data(time_mask=5), normalize="none", mean=[-8.0], std=[4.0]).augment is not None


def test_a_folded_net_refuses_padded_clips_that_are_too_short() -> None:
    folded = net(frequency="pooled", time_pools=[2, 2, 2]).vgg
    with pytest.raises(ValueError, match="a clip of 3 valid steps is shorter than the net's least, 8"):
        folded(torch.zeros(2, 8, 20), torch.arange(20) < torch.tensor([[20], [3]]))
