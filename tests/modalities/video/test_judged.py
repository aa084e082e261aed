"""Protocols of clips: views by hand, whole files against all their frames at once, bad files."""

import shutil
from pathlib import Path

import pytest
import torch
from torchvision.transforms.v2 import functional as F

from modalities.video import moving_digits
from modalities.video.data import opened
from vggx import configs, settings
from vggx.data.embedded import embedded
from vggx.data.listing import Sample
from vggx.evaluate.protocol import Protocol
from vggx.net import PreparedNet
from vggx.options import Modality, TrainerOptions
from vggx.runner.judge import Judge, Judged


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few of the embedded digits that move: 2 classes, 16 frames each."""
    whole = embedded("moving_digits-1", moving_digits.write)
    folder = tmp_path_factory.mktemp("films")
    for label in sorted((whole / "test").iterdir())[:2]:
        (folder / label.name).mkdir()
        for path in sorted(label.iterdir())[:2]:
            shutil.copy(path, folder / label.name)
    return folder


def samples(films: Path) -> list[Sample]:
    classes = sorted(films.iterdir())
    return [Sample(str(path), label) for label, folder in enumerate(classes) for path in sorted(folder.iterdir())]


def modality(films: Path, **data: object) -> Modality:
    made = configs.load("modality/video")
    made.data.merge_with(
        {"root": str(films), "frames": 8, "frame_stride": 1, "size": 24, "resize": 32, "batch_size": 3}
        | {"num_workers": 0, **data}
    )
    made.net.merge_with({"plan": "micro", "width": 0.5, "head": "pooled"})
    return settings.usual(made)


def judged(of: Modality, found: list[Sample], protocol: Protocol) -> tuple[Judged, PreparedNet]:
    torch.manual_seed(0)
    net = of.build(2).eval()
    trainer = TrainerOptions(accelerator="cpu", precision="32-true")
    return Judge(net, of, of.open_data(0), trainer, found, protocol).judged(2, keep_views=True), net


def frames(path: str, numbers: range, side: int, of: Modality) -> torch.Tensor:
    """(1, 3, T, H, W)"""
    read = opened(path, of.data).read(list(numbers))
    return F.resize(read, [side], antialias=True).transpose(0, 1)[None]


@torch.no_grad()
def test_views_are_clips_times_crops_times_mirror_images_times_scales(films: Path) -> None:
    of, found = modality(films, clips=2, crops=3), samples(films)
    result, net = judged(of, found, Protocol("crops", (32, 40), flip=True))
    assert result.counts == [2 * 3 * 2 * 2] * 4
    # of square frames the longer side is the width, and three crops lie along it in the middle of the height
    x = frames(found[1].path, range(8), 40, of)[..., 8:32, :]
    expected = [net(view).softmax(1)[0] for left in (0, 8, 16) for crop in [x[..., left : left + 24]]
                for view in (crop, crop.flip(-1))]  # fmt: skip
    views = result.views[1]
    for scores in expected:
        assert min((views - scores).abs().amax(1)) < 1e-5


@torch.no_grad()
def test_a_whole_file_is_all_its_frames_at_once(films: Path) -> None:
    of, found = modality(films), samples(films)
    result, net = judged(of, found, Protocol("dense", (32, 48), flip=True))
    assert result.counts == [4] * 4
    for scores, sample in zip(result.scores, found, strict=True):
        length = opened(sample.path, of.data).length
        whole = [frames(sample.path, range(length), side, of) for side in (32, 48)]
        expected = torch.stack([net(view).softmax(1)[0] for x in whole for view in (x, x.flip(-1))]).mean(0)
        torch.testing.assert_close(scores, expected, rtol=1e-4, atol=1e-5)
    assert result.scores.std() > 1e-4


def test_an_unreadable_film_is_named_and_the_others_are_judged(films: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"\0" * 100)
    found = [*samples(films), Sample(str(tmp_path / "bad.mp4"), 0)]
    for protocol in (Protocol("dense", (32,)), Protocol("crops", (32,))):
        result, _ = judged(modality(films), found, protocol)
        assert result.files == [0, 1, 2, 3]
        assert list(result.bad) == [str(tmp_path / "bad.mp4")]
