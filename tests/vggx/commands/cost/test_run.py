"""vggx cost, as it is called."""

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

from vggx.plans import PLANS


def rows_of(answer: Any) -> list[dict[str, Any]]:
    assert answer.code == 0, answer.err
    return json.loads(answer.out)["rows"]


def test_cost_is_the_same_in_every_format(vggx: Any) -> None:
    words = ("cost", "modality=image", "modality.net.plan=D")
    (row,) = rows_of(vggx(*words, "format=json"))
    assert (row["flops"], row["flops_train"]) == (30_940_528_640, 92_648_177_664)
    (line,) = csv.DictReader(io.StringIO(vggx(*words, "format=csv").out))
    assert {name: int(line[name]) for name in ("macs", "params")} == {name: row[name] for name in ("macs", "params")}
    convention, _, names, _, values = vggx(*words, "format=markdown").out.splitlines()
    assert "FLOPs (= 2 MACs)" in convention
    assert dict(zip(names.split(" | "), values.split(" | "), strict=True))["flops"] == "30,940,528,640"
    table = vggx(*words)
    assert "FLOPs (= 2 MACs)" in table.out
    assert "30.94 G" in table.out


def test_every_plan_in_every_modality(vggx: Any) -> None:
    rows = rows_of(vggx("cost", "format=json"))
    assert [(row["modality"], row["plan"]) for row in rows] == [
        (modality, plan) for modality in ("audio", "image", "video") for plan in PLANS
    ]


def test_the_first_blocks_of_a_plan(vggx: Any) -> None:
    words = ("modality=image", "modality.net.plan=vgg19:3", "modality.net.norm=none", "modality.net.head=pooled")
    (row,) = rows_of(vggx("cost", *words, "format=json"))
    assert (row["plan"], row["conv_params"]) == ("vgg19:3", 2_325_568)
    assert [row["grows"] for row in rows_of(vggx("cost", "growth", *words, "format=json"))] == [
        *("size", "width", "layers of block1", "layers of block2", "layers of block3")
    ]
    assert rows_of(vggx("cost", "budget", *words, "find=size", "macs=1e9", "format=json"))[0]["plan"] == "vgg19:3"
    answer = vggx("cost", "modality=image", "modality.net.plan=E:6")
    assert "plan E:6: E has 5 blocks, so give E:1 to 5" in answer.err


def test_cost_into_a_file(vggx: Any) -> None:
    assert vggx("cost", "format=json", "output=my cost.json").code == 0
    assert json.loads(Path("my cost.json").read_text())["rows"]
    assert "output=FILE goes with" in vggx("cost", "output=x").err


def test_pictures_into_a_folder(vggx: Any) -> None:
    assert vggx("cost", "modality=image", "plots=my plots").code == 0
    assert vggx("cost", "modality=image", "modality.net.plan=A", "by=block", "plots=my plots").code == 0
    assert vggx("cost", "modality=image", "modality.net.plan=A", "by=layer", "plots=my plots").code == 0
    assert vggx("cost", "growth", "modality=image", "plots=my plots").code == 0
    found = sorted(path.name for path in Path("my plots").iterdir())
    assert found == ["by_block.png", "by_layer.png", "growth.png", "params_flops.png"]


def test_limits_of_a_device_and_of_another_rate(vggx: Any) -> None:
    words = ("cost", "modality=image", "modality.net.plan=D", "modality.net.norm=none", "format=json", "device=h200")
    (row,) = rows_of(vggx(*words, "modality.data.batch_size=256"))
    assert round(row["max_train_per_second"]) == 7608
    (faster,) = rows_of(vggx(*words, "modality.data.batch_size=256", "device.rate=9.9e14"))
    assert faster["max_train_per_second"] > row["max_train_per_second"]
    layers = rows_of(vggx(*words, "modality.data.batch_size=256", "by=layer"))
    assert sum(layer["train_us"] for layer in layers) == pytest.approx(256e6 / row["max_train_per_second"])
    compute = [layer["layer"] for layer in layers if layer["bound"] == "compute"]
    assert compute == ["conv1_2"] + [f"conv{block}_{n}" for block in (2, 3, 4, 5) for n in range(1, 3 + (block > 2))]
    assert "bound by" in vggx(*words[:-2], "device=h200", "by=layer").out


def test_plans_that_do_not_fit_are_told_apart_from_the_rows(vggx: Any) -> None:
    answer = vggx("cost", "modality=video", "modality.net.time_pools=[1,2,2,2,2]", "format=json")
    assert [row["plan"] for row in rows_of(answer)] == ["A", "A-LRN", "B", "C", "D", "E"]
    assert [line[:17] for line in answer.err.splitlines()] == ["left out: video m"] * 3


def test_a_run_costs_what_its_net_does(vggx: Any) -> None:
    quick = ("trainer.max_epochs=1", "trainer.limit_train_batches=1", "modality.data.num_workers=0", "logger=none")
    assert vggx("train", "modality=image", *quick).code == 0
    (run,) = Path("runs/image").iterdir()
    (row,) = rows_of(vggx("cost", f"run={run}", "format=json"))
    weights = load_file(run / "net.safetensors")
    assert row["params"] == sum(w.size for name, w in weights.items() if name.endswith((".weight", ".bias")))
    assert (row["plan"], row["input_shape"], row["classes"]) == ("micro", [1, 32, 32], 10)
    (other,) = rows_of(vggx("cost", f"run={run}", "modality.data.size=64", "classes=12", "format=json"))
    assert (other["input_shape"], other["classes"]) == ([1, 64, 64], 12)
    assert other["macs"] == 4 * (row["macs"] - 640) + 12 * 64  # the pooled head's linear layer: 64 x classes
    best, _ = rows_of(vggx("cost", "budget", f"run={run}", "find=size", f"macs={other['macs']}", "format=json"))
    assert best["size"] == 64
    size, *_ = rows_of(vggx("cost", "growth", f"run={run}", "format=json"))
    assert (size["value"], size["factors"], size["macs"]) == (32, {"2": 2448.0, "0": 640.0}, row["macs"])


def test_peers_beside_ours(vggx: Any) -> None:
    words = ("cost", "modality=video", "modality.net.plan=D", "format=json")
    one = rows_of(vggx(*words, "compare=torchvision:r3d_18"))
    two = rows_of(vggx(*words, "compare=[torchvision:r3d_18,timm:vgg16]"))
    assert [row["plan"] for row in two] == ["D", "torchvision:r3d_18", "timm:vgg16"]
    assert one == two[:2]


def test_a_sweep(vggx: Any) -> None:
    answer = vggx("cost", "-m", "modality=image,audio", "modality.net.plan=A,B", "format=csv")
    assert answer.code == 0
    assert answer.out.count("modality,plan,norm") == 4
    one = vggx("cost", "-m", "modality=image,audio", "modality.net.plan=A", "modality.net.mean=[0.5]", "format=csv")
    assert one.code == 0
    lines = [line.split(",")[:2] for line in one.out.splitlines()]
    assert [line for line in lines if line[0] != "modality"] == [["image", "A"], ["audio", "A"]]


def test_jobs_of_a_sweep_write_files_of_their_own(vggx: Any) -> None:
    words = ("cost", "-m", "modality=image", "modality.net.plan=A,D", "format=csv", "output=c.csv", "plots=p")
    assert vggx(*words).code == 0
    plans = [next(csv.DictReader(io.StringIO(Path(f"c-{number}.csv").read_text()))) for number in (0, 1)]
    assert [row["plan"] for row in plans] == ["A", "D"]
    assert sorted(path.name for path in Path("p").iterdir()) == ["params_flops-0.png", "params_flops-1.png"]


def test_help_tells_of_the_further_commands(vggx: Any) -> None:
    said = vggx("cost", "--help").out
    assert "cost budget" in said
    assert "cost growth" in said
    assert "device = a100 | h100 | h200 | rtx_4090" in said
    assert "device.rate = 790000000000000.0" in said
    assert "net, block or layer" in said
    assert "find = required" in vggx("cost", "budget", "--help").out
    assert "cost growth" in vggx("cost", "budget", "-h").out
    assert "cost budget" in vggx("cost", "growth", "-h").out
    assert "data stats" in vggx("data", "preview", "-h").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cost", "bugdet"], "there is no command 'cost bugdet'; did you mean budget? Known: cost budget | growth"),
        (["cost", "compare=r3d_18"], "a peer is written library:net, such as torchvision:r3d_18, not 'r3d_18'"),
        (["cost", "by=layers"], "by must be one of net, block, layer, not 'layers'"),
        (["cost", "by=layer", "compare=timm:vgg16"], "compare and memory go with by=net, not by=layer"),
        (["cost", "device=h20"], "there is no device=h20; did you mean h200? Known: a100, h100, h200, rtx_4090"),
        (["cost", "device=h200", "device.bandwith=1"], "no key 'device.bandwith'; did you mean device.bandwidth?"),
        (["cost", "device=h200", "precision=32-true"], "a device's rate is of 16-bit values"),
        (["cost", "modality=image", "device.rate=1e14"], "device.rate=1e14 needs device=..., one of a100, h100"),
        (["cost", "device=h200", "device.rate=-1"], "device.rate must be positive, got -1"),
        (["cost", "modality=video", "modality.data.clips=0"], "clips and crops must be 1 or more, got 0 and 1"),
        (["cost", "precision=fp8"], "precision must be one of 32-true, bf16-mixed, 16-mixed, not 'fp8'"),
        (["cost", "memory=yes"], "memory must be true or false, not yes"),
        (["cost", "fps=0"], "fps must be a positive number"),
        (["cost", "modality.net.plan=D"], "modality.net.plan=D needs modality=..., one of audio, image, video"),
        (["cost", "classes=0"], "classes must be a whole number of 1 or more, not 0"),
        (["cost", "classes=1.5"], "classes must be a whole number of 1 or more, not 1.5"),
        (["cost", "compare=[[]]"], "compare must be a list of library:net, such as [torchvision:r3d_18], not [[]]"),
    ],
)
def test_what_is_wrong_is_said(vggx: Any, words: list[str], message: str) -> None:
    answer = vggx(*words)
    assert answer.code != 0
    assert message in answer.err
    assert "Traceback" not in answer.err


def test_a_missing_library_is_named(vggx: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    answer = vggx("cost", "compare=timm:vgg16")
    assert answer.code == 1
    assert "timm:vgg16: timm is not installed (pip install timm)" in answer.err
