"""vggx.runner.descriptors: what the net gives of every picture and clip, one by one, by hand."""

from collections.abc import Callable
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
from vggx.evaluate.protocol import Protocol
from vggx.options import Settings, TrainerOptions
from vggx.runner import descriptors
from vggx.runner.descriptors import Describer

CPU = TrainerOptions(accelerator="cpu")


class Notes(dict[str, str]):
    """What cannot be read, as a describer tells it."""

    def __call__(self, split: str, batch: dict[str, Any]) -> None:
        self.update(batch.bad)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Six grey pictures of several shapes in two classes."""
    draw = np.random.default_rng(0)
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        for number, shape in enumerate([(24, 40), (40, 24), (32, 32)]):
            Image.fromarray(draw.integers(0, 256, shape, np.uint8)).save(tmp_path / label / f"{number}.png")
    return tmp_path


def all_of(root: Path) -> dict[str, Any]:
    """Words by which every file of the folder is one of training."""
    return {"modality__data__root": str(root), "modality__data__val_share": 0, "modality__data__test_share": 0}


def opened(options: Settings) -> tuple[Any, Any]:
    torch.manual_seed(0)
    net, data = options.modality.build(2).eval(), options.modality.open_data(0)
    data.find()
    return net, data


@pytest.mark.parametrize(("head", "width"), [("pooled", 64), ("fc", 128)])
def test_a_picture_is_described_by_hand(make: Callable[..., Settings], pictures: Path, head: str, width: int) -> None:
    net, data = opened(make(**all_of(pictures), modality__net__head=head))
    samples = data.listing.splits["train"]
    describer = Describer(net, CPU, data, Protocol("dense", (24, 32), flip=True), Notes())
    files, found = describer.describe(samples, "train")
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


def settings_of_sound(data: dict[str, Any], net: dict[str, Any]) -> Settings:
    modality = configs.load("modality/audio")
    return settings.resolve(OmegaConf.create({"modality": OmegaConf.merge(modality, {"data": data, "net": net})}))


def test_clips_of_sound_are_averaged_and_padding_has_no_part(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    for number, seconds in enumerate([2.0, 1.4, 0.5, 0.8]):
        (tmp_path / "ab"[number % 2]).mkdir(exist_ok=True)
        file = tmp_path / "ab"[number % 2] / f"{number}.wav"
        soundfile.write(file, draw.normal(0, 0.1, int(8000 * seconds)), 8000)
    where = {"root": str(tmp_path), "val_share": 0, "test_share": 0, "num_workers": 0}
    clips = {"sample_rate": 8000, "seconds": 1.0, "clips": 2, "batch_size": 16}
    structure = {"plan": "micro4", "head": "pooled", "frequency": "pooled", "bands": 4}
    frontend = {"n_fft": 256, "hop": 80, "mels": 40, "normalize": "none"}
    net, data = opened(settings_of_sound(where | clips, structure | frontend))
    samples = data.listing.splits["train"]
    describer = Describer(net, CPU, data, Protocol("dense"), Notes())
    _, found = describer.describe(samples, "train")
    load = data.load(False)
    for sample, (vector,) in zip(samples, found, strict=True):
        with torch.inference_mode():
            clips = [net.penultimate(load(sample, view, 2)[0][None])[0] for view in range(2)]
            answers = [net.vgg.head.fc(clip) for clip in clips]
            expected = [net(load(sample, view, 2)[0][None])[0] for view in range(2)]
        torch.testing.assert_close(torch.from_numpy(vector), torch.stack(clips).mean(0), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(answers, expected)


def test_a_file_that_cannot_be_read_is_left_out_and_told(make: Callable[..., Settings], pictures: Path) -> None:
    net, data = opened(make(**all_of(pictures)))
    bad = pictures / "a" / "0.png"
    bad.write_bytes(b"no picture")
    samples, notes = data.listing.splits["train"], Notes()
    files, found = Describer(net, CPU, data, Protocol("dense", (16,)), notes).describe(samples, "train")
    assert [samples[file].path for file in files] == [s.path for s in samples if s.path != str(bad)]
    assert len(found) == len(files)
    assert "is not a readable image" in notes[str(bad)]
    with pytest.raises(ValueError, match="none of the 1 train files can be read"):
        Describer(net, CPU, data, Protocol("dense", (16,)), notes).describe(
            [s for s in samples if s.path == str(bad)], "train"
        )


def test_what_would_not_fit_into_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 2**20}.__getitem__)  # 4 GiB
    descriptors.check_memory(30_000, 4096)
    with pytest.raises(ValueError, match=r"60,000 files of 4,096 numbers each want 6 GiB to be fitted.*has 4: take"):
        descriptors.check_memory(60_000, 4096)
