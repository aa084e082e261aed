"""vggx.inference.features: what the net gives of every picture and clip, one by one, by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from omegaconf import OmegaConf
from PIL import Image
from torch.nn import functional as F
from torchvision.transforms.v2.functional import resize

from vggx import configs, settings
from vggx.data.datamodule import SplitData
from vggx.data.listing import Sample
from vggx.data.skipped import SkippedFiles
from vggx.evaluate.protocol import Protocol
from vggx.inference import features
from vggx.inference.features import FeatureExtractor
from vggx.net import PreparedNet
from vggx.options import Settings
from vggx.runner.device import set_up


def extracted(
    net: PreparedNet, data: SplitData, protocol: Protocol, samples: list[Sample], skipped: SkippedFiles | None = None
) -> tuple[list[int], np.ndarray]:
    skipped = skipped or SkippedFiles("train", len(samples))
    return FeatureExtractor(set_up(net, "cpu"), data, protocol).extract(samples, skipped)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Six grey pictures of several shapes in two classes."""
    draw = np.random.default_rng(0)
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        for number, shape in enumerate([(24, 40), (40, 24), (32, 32)]):
            Image.fromarray(draw.integers(0, 256, shape, np.uint8)).save(tmp_path / label / f"{number}.png")
    return tmp_path


def settings_of(name: str, data: dict[str, Any], net: dict[str, Any]) -> Settings:
    """Of a modality; every file is one of training."""
    modality = configs.load(f"modality/{name}")
    split = {"val_share": 0, "test_share": 0, "num_workers": 0}
    words = OmegaConf.merge(modality, {"data": data | split, "net": net})
    return settings.resolve(OmegaConf.create({"modality": words}))


def of_pictures(root: Path, head: str = "pooled") -> Settings:
    data = {"root": str(root), "size": 16, "resize": 16, "channels": 1, "batch_size": 16}
    return settings_of("image", data, {"plan": "micro", "head": head, "normalize": "none"})


def opened(options: Settings) -> tuple[Any, Any]:
    torch.manual_seed(0)
    net, data = options.modality.build(2).eval(), options.modality.open_data(0)
    data.find()
    return net, data


@pytest.mark.parametrize(("head", "width"), [("pooled", 64), ("fc", 128)])
def test_the_features_of_a_picture_are_those_by_hand(pictures: Path, head: str, width: int) -> None:
    net, data = opened(of_pictures(pictures, head))
    samples = data.listing.splits["train"]
    files, found = extracted(net, data, Protocol("dense", (24, 32), flip=True), samples)
    assert files == list(range(len(samples)))
    assert found.shape == (len(samples), 2, width)
    for sample, scales in zip(samples, found, strict=True):
        picture = torch.from_numpy(np.array(Image.open(sample.path)))[None]
        for side, vector in zip((24, 32), scales, strict=True):
            x = net.normalise(resize(picture, [side], antialias=True)[None])
            both = []
            for view in (x, x.flip(3)):
                maps = net.vgg.backbone(view)
                if head == "fc":
                    grid, vgg = net.vgg.grid, net.vgg.head
                    x6 = F.relu(F.conv2d(maps[-1], vgg.fc6.weight, vgg.fc6.bias))
                    assert grid == (2, 2)
                    assert max(x6.shape[2:]) > 1
                    maps = [F.relu(F.conv2d(x6, vgg.fc7.weight, vgg.fc7.bias))]
                both.append(maps[-1].mean((2, 3))[0])
            torch.testing.assert_close(torch.from_numpy(vector), (both[0] + both[1]).detach() / 2, rtol=1e-4, atol=1e-5)


def test_clips_of_sound_are_averaged_and_padding_has_no_part(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    for number, seconds in enumerate([2.0, 1.4, 0.5, 0.8]):
        (tmp_path / "ab"[number % 2]).mkdir(exist_ok=True)
        file = tmp_path / "ab"[number % 2] / f"{number}.wav"
        soundfile.write(file, draw.normal(0, 0.1, int(8000 * seconds)), 8000)
    data = {"root": str(tmp_path), "sample_rate": 8000, "seconds": 1.0, "clips": 2, "batch_size": 16}
    structure = {"plan": "micro4", "head": "pooled", "frequency": "pooled", "bands": 4}
    frontend = {"n_fft": 256, "hop": 80, "mels": 40, "normalize": "none"}
    net, data = opened(settings_of("audio", data, structure | frontend))
    samples = data.listing.splits["train"]
    _, found = extracted(net, data, Protocol("dense"), samples)
    load = data.load(False)
    for sample, (vector,) in zip(samples, found, strict=True):
        with torch.inference_mode():
            clips = [net.penultimate(load(sample, view, 2)[0][None])[0] for view in range(2)]
            answers = [net.vgg.head.fc(clip) for clip in clips]
            expected = [net(load(sample, view, 2)[0][None])[0] for view in range(2)]
        torch.testing.assert_close(torch.from_numpy(vector), torch.stack(clips).mean(0), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(answers, expected)


def test_a_file_that_cannot_be_read_is_left_out_and_told(pictures: Path) -> None:
    net, data = opened(of_pictures(pictures))
    bad = pictures / "a" / "0.png"
    bad.write_bytes(b"no picture")
    samples = data.listing.splits["train"]
    skipped = SkippedFiles("train", len(samples))
    files, found = extracted(net, data, Protocol("dense", (16,)), samples, skipped)
    assert [samples[file].path for file in files] == [s.path for s in samples if s.path != str(bad)]
    assert len(found) == len(files)
    assert "is not a readable image" in skipped.found[str(bad)]
    with pytest.raises(ValueError, match="none of the 1 train files can be read"):
        extracted(net, data, Protocol("dense", (16,)), [s for s in samples if s.path == str(bad)])


def test_what_would_not_fit_into_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 2**20}.__getitem__)  # 4 GiB
    features.check_memory(30_000, 4096)
    with pytest.raises(ValueError, match=r"60,000 files of 4,096 numbers each want 6 GiB to be fitted.*has 4: take"):
        features.check_memory(60_000, 4096)
