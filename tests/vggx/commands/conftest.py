"""A small data set for the commands that look at one."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    """24 images in two classes, one of which is named in rich's markup; and one that is none."""
    root = tmp_path / "bars, = [two]"
    draw = np.random.default_rng(0)
    for name in ("[bold]", "$x$"):
        (root / name).mkdir(parents=True)
        for number in range(12):
            Image.fromarray(draw.integers(0, 255, (40, 32), np.uint8)).save(root / name / f"{number}.png")
    (root / "$x$" / "nothing.png").write_bytes(b"")
    return root
