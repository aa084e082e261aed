"""Make the run folders beside this file, and expected.json and resumed.safetensors of what they answer.

They were made by the code of 29 November 2026, which described a net in four places, so that later code is held to what
that one did. Never run again, except to add a folder: `OMP_NUM_THREADS=1 python -m tests.data.runs.make` makes those
that are missing.
"""

import os
import shutil
import tempfile
from pathlib import Path

from safetensors.torch import save_file

from tests.past_runs import RUNS, asked, call
from vggx import files

COMMON = [
    "logger=none", "trainer.accelerator=cpu", "trainer.enable_progress_bar=false", "trainer.max_epochs=2",
    "trainer.limit_train_batches=3", "trainer.limit_val_batches=1", "trainer.limit_test_batches=1",
    "modality.data.num_workers=0", "modality.data.batch_size=16", "seed=1",
]  # fmt: skip
NARROW = "modality.net.width=0.125"
WORDS = {
    "image_fc": [
        "modality=image", NARROW, "modality.net.head=fc", "modality.net.norm=none", "modality.net.dropout=0.5",
        "recipe.schedule=step",
    ],
    "image_pooled": [
        "modality=image", "modality.net.width=0.25", "modality.net.head=pooled", "modality.net.norm=batch",
        "recipe.optimizer=adamw", "recipe.lr=0.01", "recipe.ema=0.9", "recipe.mixup=0.2",
    ],
    "video_fc": [
        "modality=video", NARROW, "modality.net.head=fc", "weights=image_fc.safetensors", "freeze=1",
        "recipe.layer_decay=0.5", "recipe.fresh_factor=2", "modality.net.dropout=0.2", "modality.data.frames=4",
    ],
    "video_pooled": [
        "modality=video", NARROW, "modality.net.head=pooled", "modality.net.norm=batch",
        "modality.net.activation=leaky_relu", "modality.net.time_pools=[1,2,2]", "modality.net.time_padding=replicate",
        "recipe.schedule=plateau", "recipe.patience=0",
    ],
    "audio_fc": [
        "modality=audio", NARROW, "modality.net.head=fc", "modality.net.norm=batch", "recipe.optimizer=sgd",
        "recipe.batch=32",
    ],
    "audio_pooled": [
        "modality=audio", NARROW, "modality.net.head=pooled", "modality.net.norm=batch",
        "modality.net.frequency=pooled", "modality.data.frequency_mask=4", "modality.data.time_mask=8",
        "recipe.optimizer=adamw",
    ],
}  # fmt: skip
PICTURES = ("curves.png", "confusion.png")


def make(name: str) -> None:
    call("train", *WORDS[name], *COMMON)
    (made,) = Path("runs").glob("*/*")
    shutil.copytree(made, RUNS / name, ignore=shutil.ignore_patterns(*PICTURES))
    shutil.rmtree("runs")
    with tempfile.TemporaryDirectory() as work:
        answers, tensors = asked(RUNS / name, Path(work))
    files.write_json(RUNS / name / "expected.json", answers)
    save_file({key: value.contiguous() for key, value in tensors.items()}, RUNS / name / "resumed.safetensors")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # so that no path of this machine is in the folders
        for name in WORDS:
            if not (RUNS / name).exists():
                make(name)
            if name == "image_fc":
                shutil.copy(RUNS / name / "net.safetensors", f"{name}.safetensors")


if __name__ == "__main__":
    main()
