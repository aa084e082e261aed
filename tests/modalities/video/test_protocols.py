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
from vggx.options import ClassifyOptions, Modality
from vggx.runner.device import set_up
from vggx.runner.evaluator import EvalResult, Evaluator
from vggx.tasks.classify import Classify
from vggx.tasks.time_probe import TimeProbe

CLASSES = Classify(ClassifyOptions(), ["a", "b"])


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


def evaluated(of: Modality, found: list[Sample], protocol: Protocol) -> tuple[EvalResult, PreparedNet]:
    torch.manual_seed(0)
    net = of.build(2).eval()
    return Evaluator(set_up(net, "cpu"), CLASSES, of, of.open_data(0), found, protocol).evaluate(keep_views=True), net


def frames(path: str, numbers: range, side: int, of: Modality) -> torch.Tensor:
    """(1, 3, T, H, W)"""
    read = opened(path, of.data).read(list(numbers))
    return F.resize(read, [side], antialias=True).transpose(0, 1)[None]


@torch.no_grad()
def test_views_are_clips_times_crops_times_mirror_images_times_scales(films: Path) -> None:
    of, found = modality(films, clips=2, crops=3), samples(films)
    result, net = evaluated(of, found, Protocol("crops", (32, 40), flip=True))
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
    result, net = evaluated(of, found, Protocol("dense", (32, 48), flip=True))
    assert result.counts == [4] * 4
    for scores, sample in zip(result.scores, found, strict=True):
        length = opened(sample.path, of.data).length
        whole = [frames(sample.path, range(length), side, of) for side in (32, 48)]
        expected = torch.stack([net(view).softmax(1)[0] for x in whole for view in (x, x.flip(-1))]).mean(0)
        torch.testing.assert_close(scores, expected, rtol=1e-4, atol=1e-5)
    assert result.scores.std() > 1e-4


def test_an_unreadable_film_is_named_and_the_others_are_evaluated(films: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"\0" * 100)
    found = [*samples(films), Sample(str(tmp_path / "bad.mp4"), 0)]
    for protocol in (Protocol("dense", (32,)), Protocol("crops", (32,))):
        result, _ = evaluated(modality(films), found, protocol)
        assert result.files == [0, 1, 2, 3]
        assert list(result.bad) == [str(tmp_path / "bad.mp4")]


@torch.no_grad()
def test_a_time_probe_leaves_what_is_beside_it_as_it_is(films: Path) -> None:
    """Files of several clips; their scores backwards are those of the clips turned round."""
    of, found = modality(films, clips=2), samples(films)
    plain, net = evaluated(of, found, Protocol("single"))
    placed, probe = set_up(net, "cpu"), TimeProbe(axis=1, seed=0)
    probed = Evaluator(placed, CLASSES, of, of.open_data(0), found, Protocol("single"), probe=probe).evaluate()
    assert torch.equal(probed.scores, plain.scores)
    assert (probed.counts, probed.hits, probed.macs, probed.loss) == ([2] * 4, plain.hits, plain.macs, plain.loss)
    assert plain.time_probe is None
    assert probed.time_probe is not None
    rows = {row["clips"]: row for row in probed.time_probe["rows"]}
    load = of.open_data(0).load(False)
    clips = [torch.stack([load(sample, view, 2)[0] for view in range(2)]).flip(2) for sample in found]
    backwards = torch.stack([net(x).softmax(1).mean(0) for x in clips])
    right = (backwards.argmax(1) == torch.tensor([sample.target for sample in found])).float().mean().item()
    assert rows["reversed"]["accuracy"] == pytest.approx(right)
    assert rows["as they are"]["accuracy"] == pytest.approx(sum(plain.scores.argmax(1) == plain.targets).item() / 4)
