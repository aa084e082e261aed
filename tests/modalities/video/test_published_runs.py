"""A run on files laid out as UCF-101 is: trained with the field's transforms, evaluated by more views, predicted."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from omegaconf import DictConfig, OmegaConf

from vggx import configs, settings
from vggx.options import Settings
from vggx.runner.evaluate import evaluate
from vggx.runner.predict import predict
from vggx.runner.train import train

COLOURS = {"Archery": (200, 40, 40), "YoYo": (40, 40, 200)}


@pytest.fixture(scope="module")
def ucf101(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes that differ in colour, six groups each, as small MPEG-4 AVI files; split 1 tests groups 1 and 2."""
    root, draw = tmp_path_factory.mktemp("ucf101"), np.random.default_rng(0)
    lists = root / "ucfTrainTestlist"
    lists.mkdir()
    (lists / "classInd.txt").write_text("1 Archery\n2 YoYo\n")
    for number, (label, colour) in enumerate(COLOURS.items(), 1):
        (root / "UCF-101" / label).mkdir(parents=True)
        for group in range(1, 7):
            name = f"{label}/v_{label}_g{group:02d}_c01.avi"
            with av.open(str(root / "UCF-101" / name), "w") as container:
                stream = container.add_stream("mpeg4", rate=25)
                stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
                for _ in range(10):
                    frame = np.clip(colour + draw.normal(0, 10, (48, 64, 3)), 0, 255).astype(np.uint8)
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
                container.mux(stream.encode())
            kind, line = ("test", name) if group < 3 else ("train", f"{name} {number}")
            with (lists / f"{kind}list01.txt").open("a") as file:
                file.write(line + "\n")
    return root


def made(ucf101: Path, runs: Path, **data: Any) -> Settings:
    config: Any = {part: configs.load(f"{part}/default") for part in ("recipe", "trainer")}
    config |= {"modality": configs.load("modality/video"), "seed": 0, "runs": str(runs), "logger": "none"}
    common = {
        "root": str(ucf101), "fold": 1, "frames": 4, "frame_stride": 1, "size": 32, "resize": 32,
        "short_side": [32, 40], "flip": True, "colour": 0.2, "batch_size": 4, "num_workers": 0,
    }  # fmt: skip
    net = {"plan": "micro", "head": "pooled", "dropout": 0.0}
    own = {"modality": {"data": common | data, "net": net}, "trainer": {"max_epochs": 6}}
    merged = OmegaConf.merge(config, own)
    assert isinstance(merged, DictConfig)
    return settings.resolve(merged)


def test_a_run_on_a_published_data_set(ucf101: Path, tmp_path: Path) -> None:
    summary = train(made(ucf101, tmp_path))
    assert summary["classes"] == ["Archery", "YoYo"]
    assert summary["data"]["files"] == {"train": 6, "val": 2, "test": 4}
    assert summary["test_accuracy"] == 1.0
    run = Path(summary["run"])

    found = evaluate(made(ucf101, tmp_path, clips=2, crops=3), run)
    assert (found["files"], found["accuracy"], found["clip_accuracy"]) == (4, 1.0, 1.0)
    with pytest.raises(ValueError, match=r"modality\.data\.resize=36: the net of .* was trained with 32"):
        evaluate(made(ucf101, tmp_path, resize=36), run)

    rows = predict(run, [str(ucf101 / "UCF-101/YoYo/v_YoYo_g01_c01.avi")], device="cpu")
    assert rows[0]["classes"][0] == "YoYo"


@pytest.mark.parametrize("given", [{"short_side": [20, 40]}, {"colour": 2.0}, {"crops": 0}, {"resize": 20}])
def test_what_is_out_of_range_is_refused_before_a_run_begins(
    ucf101: Path, tmp_path: Path, given: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=rf"modality\.data\.{next(iter(given))}"):
        train(made(ucf101, tmp_path / "runs", **given))
    assert not (tmp_path / "runs").exists()
