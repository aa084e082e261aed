"""The public names, the keys of every command and the groups: taking one away is a decision, not an accident."""

import subprocess
import sys

import pytest

import vggx
from vggx import configs
from vggx.cli import keys

NAMES = [
    "PLANS", "Backbone", "ConvClassifier", "ConvUnit", "NetSpec", "PooledClassifier", "VGG", "VGGBlock", "__version__",
    "get_plan", "inflate", "load_net", "plan_spec", "predict", "read_weights", "train", "transfer",
]  # fmt: skip
DATA = [
    "bad_limit", "batch_size", "classes", "fold", "fold_column", "follow_links", "label_columns",
    "label_separator", "manifest", "num_workers", "on_error", "root", "source", "split_seed", "test_share", "val_share",
]  # fmt: skip
NET = [
    "activation", "dropout", "extra", "extra_options", "grid", "head",
    "head_options", "init", "mean", "norm", "normalize", "plan", "std", "width",
]  # fmt: skip
PICTURES = ["colour", "colour_shift", "crop_scale", "flip", "rgb_covariance", "short_side"]
IMAGE_DATA = [*PICTURES, "channels", "max_pixels", "rand_augment", "resize", "rotation", "size"]
VIDEO_DATA = [
    *PICTURES, "clips", "crops", "decoder", "frame_stride", "frames", "max_pixels", "max_seconds", "repeats", "resize",
    "short", "size",
]  # fmt: skip
AUDIO_DATA = [
    "cache_maps", "channels", "clips", "frequency_mask", "gain_db", "masks", "max_seconds", "noise_snr", "pitch_shift",
    "sample_rate", "seconds", "time_mask", "time_shift", "time_stretch",
]  # fmt: skip
AUDIO_NET = [
    "bands", "f_max", "f_min", "floor_db", "frequency", "frontend", "hop", "mel_scale", "mels", "n_fft",
    "subtract_mean", "time_pools",
]  # fmt: skip
OWN = {
    "image": (IMAGE_DATA, []),
    "video": (VIDEO_DATA, ["time_kernel", "time_padding", "time_pools"]),
    "audio": (AUDIO_DATA, AUDIO_NET),
}
COST = [
    "by", "classes", "compare", "device", "format", "fps", "memory", "modality", "output", "plots", "precision",
    "recipe", "run",
]  # fmt: skip
COST_BUDGET = [
    "classes", "find", "format", "fps", "macs", "memory", "modality", "output", "params", "precision", "recipe", "run",
]  # fmt: skip
COMMANDS: dict[str, list[str]] = {
    "train": [
        "allow_fresh",
        "experiment",
        "freeze",
        "inherit",
        "logger",
        "modality",
        "recipe",
        "resume",
        "runs",
        "seed",
        "task",
        "trainer",
        "weights",
    ],
    "probe": [
        "allow_fresh",
        "batches",
        "classes",
        "device",
        "experiment",
        "format",
        "freeze",
        "inherit",
        "logger",
        "modality",
        "noise",
        "output",
        "plots",
        "recipe",
        "run",
        "runs",
        "seed",
        "task",
        "trainer",
        "weights",
    ],
    "evaluate": [
        "curve",
        "flip",
        "grid",
        "logger",
        "modality",
        "protocol",
        "recipe",
        "run",
        "runs",
        "scales",
        "seed",
        "split",
        "task",
        "time_probe",
        "trainer",
    ],
    "linear": [
        "C",
        "allow_fresh",
        "combine",
        "flip",
        "judged_per_class",
        "modality",
        "output",
        "run",
        "scales",
        "seed",
        "split",
        "task",
        "train_per_class",
        "trainer",
        "weights",
    ],
    "summary": ["format", "output", "runs"],
    "predict": [
        "batch_size",
        "device",
        "format",
        "frame_scores",
        "inputs",
        "num_workers",
        "output",
        "run",
        "top",
        "weights",
        "whole",
    ],
    "explain": ["class", "device", "how", "inputs", "layer", "output", "run", "size", "weights"],
    "inflate": [
        "allow_fresh",
        "classes",
        "convention",
        "init",
        "modality",
        "overwrite",
        "seed",
        "source",
        "target",
    ],
    "cost": COST,
    "cost budget": COST_BUDGET,
    "cost growth": ["classes", "format", "modality", "output", "plots", "run"],
    "benchmark": [
        "batch_sizes",
        "channels_last",
        "classes",
        "compare",
        "compile",
        "cuda_graphs",
        "device",
        "format",
        "modality",
        "modes",
        "output",
        "plots",
        "precision",
        "profile",
        "recipe",
        "repeats",
        "run",
        "seconds",
    ],
    "data preview": ["count", "experiment", "modality", "output", "recipe", "run", "seed", "split", "task"],
    "data stats": ["experiment", "format", "measure", "modality", "output", "recipe", "run", "task"],
    "data reencode": [
        "crf",
        "experiment",
        "keyframe_every",
        "modality",
        "overwrite",
        "recipe",
        "run",
        "short_side",
        "target",
        "task",
        "workers",
    ],
}
RECIPE = [
    "batch", "block_rates", "cutmix", "decay_biases", "drops", "ema", "factor", "fresh_factor", "label_smoothing",
    "layer_decay", "lr", "mixup", "momentum", "name", "optimizer", "patience", "schedule", "step_epochs",
    "warmup_epochs", "weight_decay",
]  # fmt: skip
TRAINER = [
    "accelerator", "accumulate_grad_batches", "channels_last", "compile", "deterministic", "devices",
    "enable_progress_bar", "gradient_clip_val", "limit_test_batches", "limit_train_batches", "limit_val_batches",
    "max_epochs", "num_nodes", "precision", "strategy",
]  # fmt: skip


def test_public_names() -> None:
    assert sorted(vggx.__all__) == sorted(NAMES)
    for name in NAMES:
        assert callable(getattr(vggx, name)) or name in ("PLANS", "__version__")
    with pytest.raises(AttributeError, match="no attribute 'Resnet'"):
        _ = vggx.Resnet


def test_importing_vggx_does_not_import_torch() -> None:
    code = "import sys, vggx, vggx.cli, vggx.settings; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("modality", list(OWN))
def test_keys_of_a_modality(modality: str) -> None:
    data, net = OWN[modality]
    wanted = [f"data.{key}" for key in sorted(DATA + data)] + ["name"] + [f"net.{key}" for key in sorted(NET + net)]
    assert sorted(keys.leaves(configs.load(f"modality/{modality}"))) == wanted


@pytest.mark.parametrize("command", list(COMMANDS))
def test_keys_of_a_command(command: str) -> None:
    top = {key.split(".")[0] for key in keys.known(command, None)}
    assert sorted(top) == COMMANDS[command]


def test_keys_of_recipe_and_trainer() -> None:
    assert sorted(keys.leaves(configs.load("recipe/default"))) == RECIPE
    assert sorted(keys.leaves(configs.load("trainer/default"))) == TRAINER
