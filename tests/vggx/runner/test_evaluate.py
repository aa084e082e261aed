"""vggx.runner.evaluate: protocols of images, several nets together, and the table that a run folder keeps."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode
from torchvision.transforms.v2 import functional as F

from modalities.image.data import read_image
from vggx.evaluate.curve import counts
from vggx.evaluate.protocol import Protocol
from vggx.runner.device import set_up
from vggx.runner.evaluate import ProtocolOptions, evaluate
from vggx.runner.evaluator import Evaluator, averaged
from vggx.runner.nets import capabilities, trained
from vggx.runner.train import train
from vggx.weights import store

from ..conftest import Make


@pytest.fixture(scope="module")
def runs(make: Make) -> list[Path]:
    """Two nets that are not quite trained, so that protocols and nets differ."""
    return [Path(train(make(seed=seed, trainer__max_epochs=1, recipe__lr=0.005))["run"]) for seed in (1, 2)]


def pictures(make: Make) -> list[tuple[torch.Tensor, int]]:
    data = make().modality.open_data(0)
    return [(read_image(sample.path, 1), sample.target) for sample in data.find().splits["test"]]


def evaluated(make: Make, run: Path, protocol: Protocol, **changes: Any):
    settings = make(**changes)
    net = trained(settings, run)
    data = net.modality.open_data(0)
    samples = data.find().splits["test"]
    return Evaluator(set_up(net.net, "cpu"), net.task, net.modality, data, samples, protocol).evaluate(keep_views=True)


@torch.no_grad()
def test_dense_is_the_mean_over_scales_and_mirror_images(make: Make, runs: list[Path]) -> None:
    found = evaluated(make, runs[0], Protocol("dense", (16, 24), flip=True))
    net, _, _ = store.load_net(runs[0])
    for scores, (picture, label), truth in zip(found.scores, pictures(make), found.targets, strict=True):
        sizes = [F.resize(picture, [side], antialias=True)[None] for side in (16, 24)]
        expected = torch.stack([net(view).softmax(1)[0] for x in sizes for view in (x, x.flip(-1))]).mean(0)
        torch.testing.assert_close(scores, expected, rtol=1e-4, atol=1e-5)
        assert label == truth
    assert found.counts == [4] * 16


@torch.no_grad()
def test_crops_are_cut_on_a_grid_of_every_scale(make: Make, runs: list[Path]) -> None:
    found = evaluated(make, runs[0], Protocol("crops", (20, 24), flip=True, grid=3))
    assert found.counts == [36] * 16
    net, _, _ = store.load_net(runs[0])
    picture = pictures(make)[0][0]
    x = F.resize(picture, [24], antialias=True)[None]
    corner = net(x[..., 8:, 8:].flip(-1)).softmax(1)[0]
    torch.testing.assert_close(found.views[0][-1], corner, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.scores[0], found.views[0].mean(0))


def test_both_is_the_mean_of_its_parts_and_several_nets_of_theirs(make: Make, runs: list[Path]) -> None:
    dense, crops = (evaluated(make, runs[0], Protocol(name, (24,), grid=None)) for name in ("dense", "crops"))
    found = averaged([dense, crops])
    torch.testing.assert_close(found.scores, (dense.scores + crops.scores) / 2)
    assert found.counts == [2] * 16
    assert found.macs == dense.macs + crops.macs
    other = evaluated(make, runs[1], Protocol("dense", (24,)))
    assert not torch.allclose(other.scores, dense.scores, atol=1e-3)
    torch.testing.assert_close(averaged([dense, other]).scores, (dense.scores + other.scores) / 2)


def test_files_that_one_of_them_cannot_read_are_left_out(make: Make, runs: list[Path]) -> None:
    whole = evaluated(make, runs[0], Protocol("dense", (16,)))
    part = evaluated(make, runs[0], Protocol("dense", (16,)))
    part.files, part.scores, part.targets, part.counts = part.files[1:], part.scores[1:], part.targets[1:], [1] * 15
    part.hits, part.macs = part.hits[1:], part.macs * 15 // 16
    found = averaged([whole, part])
    assert found.files == list(range(1, 16))
    torch.testing.assert_close(found.scores, whole.scores[1:])
    assert torch.equal(found.targets, whole.targets[1:])
    assert found.hits == [2 * hits for hits in whole.hits[1:]]
    assert found.macs == 2 * whole.macs * 15 // 16


def test_cost_is_what_torch_counts(make: Make, runs: list[Path]) -> None:
    found = evaluated(make, runs[0], Protocol("dense", (16, 24), flip=True))
    net, _, _ = store.load_net(runs[0])
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        for side in (16, 16, 24, 24):
            net(torch.zeros(16, 1, side, side))
    assert 2 * found.macs == counter.get_total_flops()


def test_what_it_finds_and_leaves(make: Make, runs: list[Path]) -> None:
    run = runs[0]
    found = evaluate(make(), run, options=ProtocolOptions("crops", [20, 24], True, 5), curve=True)
    assert found["protocol"] == "crops 20,24 5x5 flip"
    assert found["views_of_a_file"] == 100
    assert found["files"] == 16
    assert found["top1_error"] == pytest.approx(1 - found["accuracy"])
    low, high = found["intervals_95"]["top1_error"]
    assert low <= found["top1_error"] <= high
    written = json.loads((run / "evaluate_test_crops_20-24_5x5_flip.json").read_text())
    assert written == {key: value for key, value in found.items() if key not in ("table", "told", "written")}
    stem = run / "evaluate_test_crops_20-24_5x5_flip"
    for name in ("confusion", "curve"):
        with Image.open(f"{stem}_{name}.png") as picture:
            assert picture.format == "PNG"
            assert np.asarray(picture.convert("L")).std() > 10
    report = {line["class"]: line for line in csv.DictReader(Path(f"{stem}_report.csv").read_text().splitlines())}
    assert {name: line["files"] for name, line in report.items()} == {"lying": "8", "standing": "8"}
    points = list(csv.DictReader(Path(f"{stem}_curve.csv").read_text().splitlines()))
    assert [int(point["views"]) for point in points] == counts(100)
    assert [float(point["accuracy"]) for point in points] == [point["accuracy"] for point in found["curve"]]
    assert found["curve"][-1]["accuracy"] == pytest.approx(found["accuracy"])
    assert found["curve"][-1]["macs"] == pytest.approx(found["macs_of_a_file"], rel=1e-6)


def test_the_table_of_a_run_has_a_row_for_each_protocol(make: Make, runs: list[Path], capsys) -> None:
    run = runs[1]
    (run / "protocols_test.json").write_text("{")  # what an older program may have left
    evaluate(make(), run)
    assert "is no table of protocols and is written anew" in capsys.readouterr().out
    evaluate(make(), run, options=ProtocolOptions("dense", [16, 24]))
    evaluate(make(), [run, runs[0]], options=ProtocolOptions("dense", [16, 24]))
    table = evaluate(make(), run, options=ProtocolOptions("dense", [16, 24]))["table"]
    assert [(row["protocol"], row["nets"]) for row in table] == [
        ("single", str(run)),
        ("dense 16,24", f"{run} + {runs[0]}"),
        ("dense 16,24", str(run)),
    ]
    assert json.loads((run / "protocols_test.json").read_text())["rows"] == table
    rows = list(csv.DictReader((run / "protocols_test.csv").open()))
    assert [float(row["top1_error"]) for row in rows] == [row["top1_error"] for row in table]
    lines = (run / "protocols_test.md").read_text().splitlines()
    assert len(lines) == 2 + 2 + 3
    assert f"| dense 16,24 | micro | area 0.35-1 | 2 | 16 | {100 * table[-1]['top1_error']:.2f} |" in lines[-1]


def test_single_is_what_training_found(make: Make, trained: dict[str, Any], tmp_path: Path) -> None:
    run = Path(shutil.copytree(trained["run"], tmp_path / "run"))
    found = evaluate(make(), run)
    for name in ("accuracy", "macro_f1", "clip_accuracy"):
        assert found[name] == pytest.approx(trained[f"test_{name}"], rel=1e-6)
    assert found["loss"] == pytest.approx(trained["test_loss"], rel=1e-6)
    assert found["macs_of_a_file"] == trained["macs"]
    assert (run / "evaluate_test.json").is_file()


def test_a_bad_file_is_named_and_left_out(make: Make, runs: list[Path], shapes: Path, tmp_path: Path, capsys) -> None:
    shutil.copytree(shapes / "test", tmp_path / "test")
    Image.new("L", (40, 16), 200).save(tmp_path / "test" / "lying" / "wide.png")  # of another shape
    (tmp_path / "test" / "standing" / "no.png").write_bytes(b"not a picture")
    for split in ("train", "val"):
        shutil.copytree(shapes / split, tmp_path / split)
    found = evaluate(make(modality__data__root=str(tmp_path)), runs[0], options=ProtocolOptions("dense"))
    assert found["files"] == 17
    assert [Path(bad["path"]).name for bad in found["bad_files"]] == ["no.png"]
    assert "skipped a test file" in capsys.readouterr().out


def test_what_a_run_allows(make: Make, runs: list[Path]) -> None:
    allowed = capabilities(trained(make(), runs[0]))
    assert (allowed.size, allowed.usual, allowed.least, allowed.flips, allowed.along) == (16, 16, 8, False, False)
    with pytest.raises(ValueError, match="scales: 4 is smaller than 8, the least"):
        evaluate(make(), runs[0], options=ProtocolOptions("dense", [4]))
    with pytest.raises(ValueError, match=r"scales: 12 is smaller than modality\.data\.size=16"):
        evaluate(make(), runs[0], options=ProtocolOptions("crops", [12]))


def test_runs_that_do_not_go_together_are_refused(make: Make, runs: list[Path], tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(runs[1], other)
    card = json.loads((other / "net.json").read_text())
    (other / "net.json").write_text(json.dumps(card | {"classes": ["standing", "lying"]}))
    with pytest.raises(ValueError, match=r"other has the classes standing, lying and .* has lying, standing"):
        evaluate(make(), [runs[0], other])
    with pytest.raises(ValueError, match="curve=true looks at one net"):
        evaluate(make(), runs, options=ProtocolOptions("dense"), curve=True)
    with pytest.raises(ValueError, match="curve=true wants several views of a file: add scales, flip, grid"):
        evaluate(make(), runs[0], options=ProtocolOptions("dense"), curve=True)
    with pytest.raises(ValueError, match="curve=true goes with protocol=dense or crops, not single"):
        evaluate(make(), runs[0], curve=True)
    with pytest.raises(ValueError, match="time_probe=true goes with protocol=single, not dense"):
        evaluate(make(), runs[0], options=ProtocolOptions("dense"), time_probe=True)


def test_every_net_is_asked_by_what_it_was_trained_with(make: Make, runs: list[Path]) -> None:
    wide = Path(train(make(modality__data__size=24, modality__data__resize=32, modality__data__short_side=[24, 40],
                           modality__data__flip=True, trainer__max_epochs=1))["run"])  # fmt: skip
    found = evaluate(make(), [runs[0], wide], options=ProtocolOptions("dense"))
    assert found["protocol"] == "dense 16 + dense 32 flip"
    assert [net["trained_at"] for net in found["nets"]] == ["area 0.35-1", "24-40"]
    assert found["views_of_a_file"] == 1 + 2
    assert (runs[0] / f"evaluate_test_dense_16_+_dense_32_flip_and_{wide.name}.json").is_file()


def test_an_empty_split_is_refused(make: Make, runs: list[Path], shapes: Path, tmp_path: Path) -> None:
    for split in ("train", "val"):
        shutil.copytree(shapes / split, tmp_path / split)
    settings = make(modality__data__root=str(tmp_path), modality__data__test_share=0.0)
    with pytest.raises(ValueError, match="the data have no test split: 48 train, 16 val, 0 test"):
        evaluate(settings, runs[0], options=ProtocolOptions("dense"))


def test_a_short_last_batch_weighs_by_its_files(make: Make, runs: list[Path]) -> None:
    """16 files in batches of 5, 5, 5 and 1: the loss is the mean over all of them."""
    net, _, _ = store.load_net(runs[0])
    files, labels = zip(*pictures(make), strict=True)
    with torch.no_grad():
        losses = torch.nn.functional.cross_entropy(net(torch.stack(files)), torch.tensor(labels), reduction="none")
    assert losses.std() > 0.01
    for size in (16, 5):
        found = evaluate(make(modality__data__batch_size=size), runs[0])
        assert found["loss"] == pytest.approx(losses.mean().item(), rel=1e-5)
