"""vggx.data.crops: places of crops."""

from vggx.data.crops import even_places


def test_even_places() -> None:
    assert even_places(32, 5) == [0, 8, 16, 24, 32]
    assert even_places(32, 1) == [16]
    assert even_places(0, 3) == [0, 0, 0]
