"""vggx.runner.cost: the rows are a contract, their figures published or by hand."""

from typing import Any

import pytest
from omegaconf import OmegaConf

from vggx import configs, settings
from vggx.cost import peers, roofline
from vggx.cost.ledger import ledger_of
from vggx.options import Device, Settings
from vggx.plans import PLANS
from vggx.runner.cost import Terms, cost
from vggx.runner.variants import variants

NUMBER = (int, float)
PART: dict[str, Any] = {
    "modality": str, "plan": str, "norm": str, "dims": int, "input_shape": list, "classes": int,
    "params": int, "macs": int, "flops": int, "flops_train": int,
    "activations": int, "saved_bytes": int, "batch_size": int, "moved_bytes": int, "intensity": NUMBER,
}  # fmt: skip
NET: dict[str, Any] = PART | {
    "input": str, "rows": int, "views": int,
    "seconds_of_input": NUMBER, "frontend_flops": int, "conv_params": int, "classifier_params": int,
    "flops_per_decision": int, "flops_per_second": NUMBER, "flops_per_parameter": NUMBER,
}  # fmt: skip
SCHEMA = {"net": NET, "block": PART | {"block": str}, "layer": PART | {"layer": str, "output": list}}
PEER = {"published_gmacs": (int, float, type(None)), "note": str}
LIMIT = {"device": str, "max_infer_per_second": float, "max_train_per_second": float, "max_mfu": float}
MEMORY = ("peak", "parameters", "buffers", "gradients", "optimizer", "activations", "temporary")


def made(name: str, **options: Any) -> Settings:
    config = OmegaConf.create({"modality": configs.load(f"modality/{name}"), "recipe": configs.load("recipe/default")})
    for option, value in options.items():
        config.modality["net" if option in config.modality.net else "data"][option] = value
    return settings.usual_settings(config)


def row_of(name: str, terms: Terms | None = None, **options: Any) -> dict[str, Any]:
    (row,) = cost([made(name, **options)], terms or Terms(1000))["rows"]
    return row


def check(rows: list[dict[str, Any]], schema: dict[str, Any]) -> None:
    for row in rows:
        assert set(row) == set(schema)
        for name, kind in schema.items():
            assert isinstance(row[name], kind), (name, row[name])


@pytest.mark.parametrize("by", SCHEMA)
@pytest.mark.parametrize("name", ["image", "video", "audio"])
def test_schema(name: str, by: str) -> None:
    found = cost([made(name)], Terms(10), by=by)
    assert set(found) == {"convention", "rows"}
    assert "FLOPs (= 2 MACs)" in found["convention"]
    check(found["rows"], SCHEMA[by])


@pytest.mark.parametrize("by", ["block", "layer"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("video", {"norm": "none"}),
        ("image", {"norm": "batch", "plan": "A-LRN"}),
        ("video", {"head": "pooled"}),
        ("audio", {"frequency": "pooled", "plan": "micro4"}),
    ],
)
def test_parts_sum_to_the_net(name: str, options: dict, by: str) -> None:
    net = made(name, **options)
    (whole,) = cost([net], Terms(101))["rows"]
    parts = cost([net], Terms(101), by=by)["rows"]
    for column in ("params", "macs", "flops", "flops_train", "activations", "saved_bytes"):
        assert sum(part[column] for part in parts) == whole[column]
    assert sum(part["moved_bytes"] for part in parts) == pytest.approx(whole["moved_bytes"], abs=len(parts))
    assert whole["conv_params"] + whole["classifier_params"] == whole["params"]
    assert parts[-1][by] == {"block": "classifier", "layer": "fc" if options.get("head") else "fc8"}[by]


def test_published_figures_of_vgg16() -> None:
    row = row_of("image", norm="none")
    assert (row["macs"], row["flops"], row["flops_train"]) == (15_470_264_320, 30_940_528_640, 92_648_177_664)
    assert (row["params"], row["classifier_params"]) == (138_357_544, 123_642_856)
    assert round(row["activations"] / 1e6, 3) == 13.557
    assert row["flops_per_parameter"] == pytest.approx(30.940528640e9 / 138_357_544)


def test_by_decision_and_by_second_as_published() -> None:
    clip = {"norm": "none", "frames": 16, "size": 112}
    thirty = row_of("video", Terms(101), clips=10, crops=3, **clip)
    assert thirty["views"] == 30
    assert thirty["flops_per_decision"] == 30 * thirty["flops"]
    assert thirty["flops_per_decision"] / 1e9 == pytest.approx(6016, rel=2e-4)
    assert row_of("image", norm="none")["flops_per_second"] / 1e9 == pytest.approx(773, abs=1)
    for stride, gflops in {1: 313, 4: 78}.items():
        row = row_of("video", frame_stride=stride, **clip)
        assert row["flops_per_second"] / 1e9 == pytest.approx(gflops, abs=0.5)
        assert row["seconds_of_input"] == 16 * stride / 25
    assert row_of("video", Terms(1000, fps=50), **clip)["seconds_of_input"] == 16 * 2 / 50
    assert row_of("image", Terms(1000, fps=10))["seconds_of_input"] == 0.1


def test_views_that_depend_on_the_file_are_none() -> None:
    row = row_of("video", clips="uniform")
    assert (row["views"], row["flops_per_decision"]) == (None, None)
    assert row["flops_per_second"] > 0


def test_the_front_end_stands_apart_and_counts_in_the_comparisons() -> None:
    """128 bands of 257 bins at 1,024 steps: 67 MFLOP of mel product and 12 of FFT."""
    row = row_of("audio", frontend="ast", seconds=(1023 * 160 + 400) / 16_000, head="pooled", norm="none")
    assert row["input_shape"] == [128, 1024]
    mel, fft = 2 * 128 * 257 * 1024, round(2.5 * 512 * 9) * 1024
    assert (round(mel / 1e6), round(fft / 1e6)) == (67, 12)
    assert row["frontend_flops"] == mel + fft
    assert row["flops_per_decision"] == row["flops"] + mel + fft
    assert row["flops_per_second"] == pytest.approx((row["flops"] + mel + fft) / 10.255)


@pytest.mark.parametrize(("frontend", "n_fft", "mels"), [("vggish", 512, 64), ("panns", 1024, 64), ("ast", 512, 128)])
def test_published_front_ends(frontend: str, n_fft: int, mels: int) -> None:
    row = row_of("audio", frontend=frontend, seconds=2.0)
    steps = row["input_shape"][1]
    fft = round(2.5 * n_fft * {512: 9, 1024: 10}[n_fft])
    assert row["frontend_flops"] == steps * (2 * mels * (n_fft // 2 + 1) + fft)


def test_bands_that_are_pooled_are_rows() -> None:
    pooled = row_of("audio", frequency="pooled", bands=4)
    assert (pooled["rows"], pooled["input_shape"][0]) == (4, 1)


def test_bytes_follow_the_precision_and_the_batch() -> None:
    full, half = (row_of("image", Terms(10, precision), norm="none", dropout=0.0) for precision in PRECISIONS)
    indices = full["saved_bytes"] - 2 * (full["saved_bytes"] - half["saved_bytes"])
    pools = sum(64 * 2**n * (112 >> n) ** 2 for n in range(4)) + 512 * 49  # the last two have as many channels
    assert indices == 8 * pools
    assert full["moved_bytes"] == pytest.approx(2 * half["moved_bytes"], abs=2)
    small, large = (row_of("image", batch_size=batch) for batch in (1, 256))
    assert small["moved_bytes"] - large["moved_bytes"] == pytest.approx(2 * small["params"] * 255 / 256, abs=2)
    assert small["saved_bytes"] == large["saved_bytes"]
    assert small["intensity"] == pytest.approx(small["flops"] / small["moved_bytes"])


PRECISIONS = ("32-true", "bf16-mixed")


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"precision": "64-true"}, "precision must be one of 32-true, bf16-mixed, 16-mixed, not '64-true'"),
        ({"precision": "32-true", "device": configs.load("device/h200")}, "a device's rate is of 16-bit values"),
        ({"fps": 0}, "fps must be positive, got 0"),
    ],
)
def test_terms_that_make_no_sense_are_refused(terms: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Terms(10, **terms)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "stage"}, "by must be one of net, block, layer, not 'stage'"),
        ({"by": "layer", "compare": ["torchvision:vgg16"]}, "compare and memory go with by=net, not by=layer"),
        ({"by": "block", "memory": True}, "compare and memory go with by=net, not by=block"),
        ({"compare": ["r3d_18"]}, "a peer is written library:net"),
    ],
)
def test_what_cannot_be_told_is_refused(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cost([made("image")], Terms(10), **options)


def test_peers_have_the_same_keys_and_are_looked_up_before_any_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = cost([made("image"), made("video")], Terms(1000), compare=["torchvision:r3d_18", "timm:vgg16"])["rows"]
    check(rows[:2], NET | PEER)
    assert [row["plan"] for row in rows] == ["D", "D", "torchvision:r3d_18", "timm:vgg16"]
    ours, _, r3d, theirs = rows
    assert all(set(row) == set(ours) for row in rows)
    assert (r3d["published_gmacs"], round(r3d["macs"] / 1e9, 3), r3d["views"]) == (40.697, 40.697, 5)
    assert r3d["flops_per_decision"] == 5 * r3d["flops"]
    assert r3d["seconds_of_input"] == 16 / 15
    for name in ("macs", "flops", "flops_train", "activations"):
        assert ours[name] == theirs[name]
    assert (theirs["published_gmacs"], theirs["conv_params"], theirs["moved_bytes"]) == (None, None, None)
    monkeypatch.setattr(peers, "counted", lambda peer: pytest.fail("counted before all names were known"))
    with pytest.raises(ValueError, match="torchvision has no classifier 'r3d_19'"):
        cost([made("image")], Terms(10), compare=["torchvision:vgg16", "torchvision:r3d_19"])


def test_limits_of_a_device_are_the_roofline_s() -> None:
    device: Any = OmegaConf.to_object(configs.load("device/h200"))
    net, terms = made("image", norm="none", batch_size=256), Terms(1000, device=device)
    assert terms.convention.endswith(
        "Limits of NVIDIA H200: 790 TFLOP/s, 4.3 TB/s, 139 GiB (measured), trained by SGD with momentum"
    )
    (row,) = cost([net], terms)["rows"]
    check([row], NET | LIMIT | {"memory_bound_share": float})
    assert (round(row["max_infer_per_second"]), round(row["max_train_per_second"])) == (22_692, 7_608)
    assert round(row["max_mfu"], 2) == 0.89
    layers = cost([net], terms, by="layer")["rows"]
    check(layers, SCHEMA["layer"] | {"infer_us": float, "train_us": float, "bound": str})
    assert sum(layer["train_us"] for layer in layers) == pytest.approx(256 / row["max_train_per_second"] * 1e6)
    limit = roofline.limit(ledger_of(net.modality, 1000)[:1], device, 256, 2)
    assert (layers[0]["train_us"], layers[0]["bound"]) == (limit.train_seconds * 1e6, "memory")


@pytest.mark.parametrize("name", ["image", "video", "audio"])
def test_memory_of_training(name: str) -> None:
    net = made(name, plan="micro", batch_size=2)
    (row,) = cost([net], Terms(10, "32-true"), memory=True)["rows"]
    parts = {f"{part}_memory": int for part in MEMORY}
    check([row], NET | parts | {"optimizer": str, "precision": str, "measured_memory": (int, type(None))})
    assert row["parameters_memory"] == row["optimizer_memory"] == 4 * row["params"]
    assert 0 < row["gradients_memory"] <= row["parameters_memory"]  # at the peak not all need be there
    assert row["peak_memory"] == sum(row[f"{part}_memory"] for part in MEMORY[1:])


@pytest.mark.parametrize(("memory", "fits"), [(1e9, True), (1e6, False)])
def test_whether_training_fits_the_device(memory: float, fits: bool) -> None:
    device = Device(name="small", rate=1e12, bandwidth=1e11, memory=memory, source="made up")
    (row,) = cost([made("image", plan="micro", size=32)], Terms(10, device=device), memory=True)["rows"]
    assert row["fits_device"] is fits


@pytest.mark.parametrize("batch", [0, -4])
def test_a_batch_of_none_is_refused(batch: int) -> None:
    with pytest.raises(ValueError, match=f"modality.data.batch_size must be 1 or more, got {batch}"):
        cost([made("image", batch_size=batch)], Terms(10))


def composed(**options: Any) -> Any:
    config = OmegaConf.create({"modality": configs.load("modality/video"), "recipe": configs.load("recipe/default")})
    for option, value in options.items():
        config.modality.net[option] = value
    return config


def test_every_plan_where_none_is_named() -> None:
    nets, left_out = variants(OmegaConf.create({"recipe": configs.load("recipe/default")}))
    assert [(net.modality.name, net.modality.net.plan) for net in nets] == [
        (name, plan) for name in ("audio", "image", "video") for plan in PLANS
    ]
    assert left_out == []
    nets, _ = variants(composed(plan="B"))
    assert [net.modality.net.plan for net in nets] == ["B"]


def test_plans_that_the_words_do_not_fit_are_left_out_by_name() -> None:
    nets, left_out = variants(composed(time_pools=[1, 2, 2, 2, 2]))
    assert [net.modality.net.plan for net in nets] == ["A", "A-LRN", "B", "C", "D", "E"]
    assert [reason.split(":")[0] for reason in left_out] == ["video micro", "video micro4", "video mini"]
    assert "must have one value for each of the 3 blocks" in left_out[0]
    with pytest.raises(ValueError, match="must have one value for each of the 3 blocks"):
        variants(composed(time_pools=[1, 2, 2, 2, 2], plan="micro"))
    with pytest.raises(ValueError, match="must have one value"):
        variants(composed(time_pools=[1]))
