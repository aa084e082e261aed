"""vggx.inference.cells: the time of every cell, by hand."""

import torch
from torch import Tensor

from vggx.inference.cells import CellTime, cell_times
from vggx.net import VGG


class Clock:
    """Positions half a second apart; each is seen for a second, around its middle."""

    def __init__(self, length: int, seconds: float):
        self.length, self.seconds = length, seconds

    def read(self, start: int, stop: int) -> Tensor:
        return torch.zeros(1, stop - start)

    def times(self, position: float) -> tuple[float, float, float]:
        return position / 2 - 0.5, position / 2, position / 2 + 0.5


def test_times_of_cells() -> None:
    """micro sees 7 positions before its own 8, and 7 behind them."""
    net = VGG((1, 24), 2, plan="micro", head="pooled", width=0.1)
    found = cell_times(net, Clock(26, 12.8))
    # cell 1: its own positions are 8 to 15, in the middle 11.5; it sees 1 to 22
    assert found[1] == CellTime(start=0.0, end=11.5, middle=5.75)
    assert found[0] == CellTime(start=0.0, end=7.5, middle=1.75)
    assert found[2] == CellTime(start=4.0, end=12.8, middle=9.75)
    assert len(found) == 3


def test_a_cell_that_sees_all_is_in_the_middle_of_it() -> None:
    net = VGG((1, 64), 2, plan="micro", width=0.1)  # a grid of 8 steps
    assert cell_times(net, Clock(21, 10.0)) == [CellTime(0.0, 10.0, 5.0)]
