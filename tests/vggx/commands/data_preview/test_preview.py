"""The picture of a batch: the samples that training begins with, augmented as it does, named, with bad files told."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

from vggx import configs, settings
from vggx.commands.data_preview.preview import draw, preview
from vggx.options import Settings


def settings_of(modality: str, **data: Any) -> Settings:
    """Of the embedded data, or of data.root."""
    config = OmegaConf.create({"modality": configs.load(f"modality/{modality}"), "seed": 3})
    for key, value in data.items():
        OmegaConf.update(config, f"modality.{key.replace('__', '.')}", value)
    return settings.resolve(config)


def written(figure: Any) -> list[str]:
    return [text.get_text() for text in figure.texts]


def test_training_samples_are_those_that_training_begins_with(make: Any) -> None:
    options = make(modality__data__crop_scale=[0.3, 0.6], modality__data__flip=True, seed=5)
    figure, count, bad = draw(options, "train", 6)
    assert (count, bad) == (6, {})
    data = options.modality.open_data(5)
    batch = next(iter(data.loader(data.dataset("train", train=True))))
    listing = data.find()
    assert len({label.item() for label in batch.target[:6]}) == 2
    texts = written(figure)
    for number, axes in enumerate(figure.axes):
        assert np.array_equal(axes.images[0].get_array()[..., 0], batch.input[number, 0])
        sample = listing.splits["train"][batch.file[number]]
        assert texts[2 * number : 2 * number + 2] == [listing.classes[sample.target], Path(sample.path).name]
    assert texts[-2:] == ["image, train: 6 of 48 samples, augmented, seed 5", "16 x 16 pixels, grey"]


@pytest.mark.parametrize("split", ["val", "test"])
def test_other_splits_are_as_they_are_evaluated(make: Any, shapes: Path, split: str) -> None:
    figure, count, _ = draw(make(modality__data__crop_scale=[0.3, 0.6]), split, 100)
    assert count == len(figure.axes) == 16
    texts = written(figure)
    for number, axes in enumerate(figure.axes):
        with Image.open(shapes / split / texts[2 * number] / texts[2 * number + 1]) as image:
            assert np.array_equal(axes.images[0].get_array()[..., 0], image)
    assert texts[-2] == f"image, {split}: 16 of 16 samples, as evaluated"


@pytest.mark.parametrize(("modality", "panels"), [("image", 4), ("video", 4), ("audio", 5)])
def test_embedded_data_of_every_modality(modality: str, panels: int, tmp_path: Path) -> None:
    output = tmp_path / "new folder/a picture.png"
    found = preview(settings_of(modality), "val", 4, str(output))
    assert found == {"split": "val", "samples": 4, "output": str(output), "bad_files": {}}
    with Image.open(output) as image:
        assert image.format == "PNG"
        assert min(image.size) > 300
    assert [path.name for path in output.parent.iterdir()] == ["a picture.png"]  # and nothing half-written
    figure, *_ = draw(settings_of(modality), "val", 4)
    assert len(figure.axes) == panels  # of sound also a colour bar


def test_views_of_a_file_are_told_apart(shared_data: Path) -> None:
    options = settings_of("video", data__root=str(shared_data / "fight_surv"), data__clips=2, data__size=32)
    figure, count, _ = draw(options, "val", 3)
    assert count == 3
    files = [text for text in written(figure) if ".mp4" in text]
    assert len(files) == 3
    assert all(file.endswith((", view 1 of 2", ", view 2 of 2")) for file in files)
    assert written(figure)[-2].startswith("video, val: 3 of 120 samples")


def test_an_unreadable_file_is_named_and_its_place_taken_in_training_alone(tmp_path: Path) -> None:
    for split in ("train", "val"):
        for label in ("a", "b"):
            (tmp_path / split / label).mkdir(parents=True)
            Image.new("L", (8, 8), 99).save(tmp_path / split / label / "fine.png")
            (tmp_path / split / label / "half.png").write_bytes(b"\x89PNG")
    options = settings_of("image", data__root=str(tmp_path), data__size=32)
    figure, count, bad = draw(options, "train", 4)
    assert count == len(figure.axes) == 4
    assert bad.keys() == {str(tmp_path / "train" / label / "half.png") for label in "ab"}
    assert all("is not a readable image" in reason for reason in bad.values())
    assert [text for text in written(figure) if text.endswith(".png")] == ["fine.png"] * 4
    figure, count, bad = draw(options, "val", 4)
    assert count == len(figure.axes) == len(bad) == 2
    for label in "ab":
        (tmp_path / "val" / label / "fine.png").unlink()
    with pytest.raises(ValueError, match=r"none of these val samples can be read; the first: .*half\.png"):
        draw(settings_of("image", data__root=str(tmp_path)), "val", 4)


def test_what_cannot_be_drawn_is_refused(make: Any, shapes: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="split must be one of train, val, test, not 'tst'"):
        draw(make(), "tst", 4)
    with pytest.raises(ValueError, match="count must be a number from 1 on, got 0"):
        draw(make(), "train", 0)
    for output in ("x.gif", "x", str(tmp_path)):
        with pytest.raises(ValueError, match=r"output=.* must end in one of \.png, \.jpg, \.pdf, \.svg"):
            preview(make(), "train", 4, output)
    alone = make(modality__data__root=str(shapes / "train"), modality__data__test_share=0.0)
    with pytest.raises(ValueError, match="the data have no test split: 40 train, 8 val, 0 test"):
        draw(alone, "test", 4)
