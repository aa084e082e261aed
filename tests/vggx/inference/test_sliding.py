"""vggx.inference.sliding: windows give what the whole at once gives."""

from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor

from vggx import geometry
from vggx.folded import FoldedVGG
from vggx.inference import sliding
from vggx.inference.sliding import mirrored_strip, scan, windows
from vggx.net import VGG


@dataclass
class Kept:
    """A strip in memory, which notes what is read of it."""

    x: Tensor
    read_of: list[tuple[int, int]] = field(default_factory=list)

    @property
    def length(self) -> int:
        return self.x.shape[1]

    def read(self, start: int, stop: int) -> Tensor:
        assert 0 <= start < stop <= self.length
        self.read_of.append((start, stop))
        return self.x[:, start:stop]


VIDEO = [(1, 2, 2), 2, 2]
NETS: dict[str, tuple[type[VGG], tuple[int, ...], dict[str, Any]]] = {
    "sound": (VGG, (5, 64), {"plan": "micro", "grid": (1,), "norm": "batch"}),
    "a grid of 4 steps": (VGG, (5, 64), {"plan": "micro", "grid": (4,)}),
    "repeated ends": (VGG, (5, 64), {"plan": "mini", "head": "pooled", "padding": "replicate"}),
    "odd pools": (VGG, (5, 90), {"plan": "micro4", "pools": [3, 2, 1, 2], "grid": (2,)}),
    "wide kernels": (VGG, (5, 64), {"plan": "micro", "kernel": 7, "grid": (1,)}),
    "pooled bands": (FoldedVGG, (1, 64), {"plan": "micro", "grid": (1,)}),
    "film": (VGG, (3, 8, 16, 16), {"plan": "micro", "pools": VIDEO, "grid": (1, 2, 2)}),
    "film, repeated ends": (
        VGG,
        (3, 8, 16, 16),
        {"plan": "micro", "pools": VIDEO, "head": "pooled", "padding": ("replicate", "zeros", "zeros")},
    ),
    "film, 2 steps at once": (VGG, (3, 8, 16, 16), {"plan": "micro", "pools": VIDEO, "grid": (2, 2, 2)}),
}


def made(name: str) -> VGG:
    torch.manual_seed(0)
    kind, shape, options = NETS[name]
    # biases, which are drawn as 0, tell a padded map from one that goes on
    net = kind(shape, 3, width=0.25, **options).eval()
    for key, value in net.named_parameters():
        if key.endswith("bias"):
            torch.nn.init.normal_(value, std=0.3)
    return net


def strip_for(net: VGG, length: int) -> Kept:
    channels, _, *rest = net.input_shape
    bands = 6 if isinstance(net, FoldedVGG) else channels
    return Kept(torch.randn(bands, length, *(side + 5 for side in rest)))


@pytest.mark.parametrize("window", [1, 40, 64, 97, 10_000])
@pytest.mark.parametrize("name", NETS)
def test_windows_give_what_the_whole_gives(name: str, window: int) -> None:
    net = made(name)
    length = 61 if net.dims == 3 else 333
    strip = strip_for(net, length)
    with torch.no_grad():
        whole = net.score_map(strip.x[None])[0]
    found = scan(net, strip, window)
    assert found.shape == whole.shape
    torch.testing.assert_close(found, whole, rtol=1e-5, atol=1e-5 * whole.abs().max().item())
    assert (len(strip.read_of) > 1) == (window < length)


@pytest.mark.parametrize("name", ["sound", "a grid of 4 steps", "film"])
def test_every_length_from_the_least_on(name: str) -> None:
    net = made(name)
    for length in range(net.smallest_input[0], 60, 1 if net.dims == 1 else 7):
        strip = strip_for(net, length)
        with torch.no_grad():
            whole = net.score_map(strip.x[None])[0]
        torch.testing.assert_close(scan(net, strip, 24), whole, rtol=1e-5, atol=1e-5, msg=f"{length} positions")


@pytest.mark.parametrize("name", NETS)
def test_windows_are_as_wide_as_they_may_be_and_start_at_strides(name: str) -> None:
    net = made(name)
    *_, last = geometry.trace(net.layers, (400, *net.input_shape[2:]))
    stride, field_of_a_cell = last.stride[0], last.receptive_field[0]
    parts = windows(net, 400, 120)
    assert all(part.start % stride == 0 for part in parts)
    assert all(part.stop - part.start <= 120 for part in parts)
    assert all(120 - (part.stop - part.start) < 2 * stride for part in parts[1:-1])
    assert (parts[0].start, parts[-1].stop, sum(part.cells for part in parts)) == (0, 400, last.size[0])
    narrow = windows(net, 400, 1)
    assert {part.cells for part in narrow} == {1}
    assert max(part.stop - part.start for part in narrow) < field_of_a_cell + stride


def test_a_cell_is_the_nets_answer_to_the_stretch_that_holds_its_field() -> None:
    net, length = made("a grid of 4 steps"), 333
    strip = strip_for(net, length)
    found = scan(net, strip, 100)
    *_, last = geometry.trace(net.layers, (length,))
    for cell, (first, behind) in enumerate(geometry.fields(net.layers, (length,))[0]):
        begin = max(0, first) // 8 * 8
        with torch.no_grad():
            alone = net.score_map(strip.x[None, :, begin : min(length, behind)])[0]
        torch.testing.assert_close(found[:, cell], alone[:, cell - begin // 8], rtol=1e-5, atol=1e-5)
    assert found.shape[1] == last.size[0]


def test_what_lies_outside_of_a_field_does_not_reach_its_cell() -> None:
    net, length = made("repeated ends"), 200
    strip = strip_for(net, length)
    first, behind = geometry.fields(net.layers, (length,))[0][12]
    before = scan(net, strip, 50)[:, 12]
    strip.x[:, :first] = strip.x[:, behind:] = 9.0
    torch.testing.assert_close(scan(net, strip, 50)[:, 12], before)
    strip.x[:, first] = strip.x[:, behind - 1] = 9.0
    assert not torch.allclose(scan(net, strip, 50)[:, 12], before)


def test_too_short_a_strip_is_refused_as_a_clip_is() -> None:
    with pytest.raises(ValueError, match="of at least"):
        scan(made("sound"), strip_for(made("sound"), 7))


def test_a_mirrored_strip_is_the_mirror_image() -> None:
    net = made("film")
    strip = strip_for(net, 30)
    with torch.no_grad():
        expected = net.score_map(strip.x.flip(-1)[None])[0]
    torch.testing.assert_close(scan(net, mirrored_strip(strip), 20), expected, rtol=1e-5, atol=1e-5)


def test_windows_that_nobody_chose_are_bounded_by_their_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The widest map of "film" has 4 channels at 21 x 21 pixels, of 40 frames 70,560 values."""
    net = made("film")
    strip = strip_for(net, 61)
    monkeypatch.setattr(sliding, "VALUES", 40 * 4 * 21 * 21)
    scan(net, strip)
    assert 30 < max(stop - start for start, stop in strip.read_of) <= 40


def test_the_bound_holds_of_all_bands_that_are_folded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The widest maps of "pooled bands", a quarter of micro, have 4 channels at every step and 8 at every other."""
    net = made("pooled bands")
    strip = strip_for(net, 333)
    monkeypatch.setattr(sliding, "VALUES", 100 * 6 * 4)
    scan(net, strip)
    assert 90 < max(stop - start for start, stop in strip.read_of) <= 100


def test_who_watches_sees_every_window() -> None:
    net, seen = made("sound"), []

    def watched(parts: Any) -> Any:
        for part in parts:
            seen.append(part)
            yield part

    scan(net, strip_for(net, 333), 100, watched)
    assert seen == windows(net, 333, 100)
