"""vggx.runner.nets: what protocols can ask of a net, by its options and by what its data's options say."""

from pathlib import Path
from typing import Any

import pytest

from vggx import configs, settings
from vggx.evaluate.protocol import Capabilities
from vggx.runner.nets import Trained, capabilities

SOUND = {"sample_rate": 8000, "seconds": 0.5}
FRAMES = {"frames": 8, "size": 28, "flip": True}


@pytest.mark.parametrize(
    ("name", "data", "head", "expected", "trained_at"),
    [
        ("image", {"size": 24, "resize": 30, "flip": True}, "fc", Capabilities(True, 24, 30, 24, True), "area 0.35-1"),
        # 8/7 of 28; three pools of 2 leave a cell from 8 on
        ("image", {"size": 28, "short_side": [30, 40]}, "pooled", Capabilities(True, 28, 32, 8, True), "30-40"),
        ("image", {"size": 28, "short_side": [32, 32]}, "pooled", Capabilities(True, 28, 32, 8, True), "32"),
        ("video", FRAMES, "pooled", Capabilities(True, 28, 32, 8, True, along=True), "area 0.35-1"),
        ("audio", SOUND, "pooled", Capabilities(False), "-"),
    ],
)
def test_what_protocols_can_ask(
    name: str, data: dict[str, Any], head: str, expected: Capabilities, trained_at: str
) -> None:
    made = configs.load(f"modality/{name}")
    made.data.merge_with({"root": "somewhere", **data})
    made.net.merge_with({"plan": "micro", "head": head})
    modality = settings.usual(made)
    assert capabilities(Trained(Path(), modality.build(2), modality, {})) == expected
    assert modality.data.trained_at() == trained_at
