"""TrainerOptions -> Lightning's Trainer, with our checkpoints and progress bars."""

import logging
import sys
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from lightning import Trainer
from lightning.pytorch.callbacks import Callback, RichProgressBar
from lightning.pytorch.loggers import Logger

from vggx.options import TrainerOptions
from vggx.runner.allocator import keep_freed_memory
from vggx.runner.checkpoint_io import AtomicCheckpointIO

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")


def tensorboard(folder: Path) -> Logger:
    from lightning.pytorch.loggers import TensorBoardLogger

    return TensorBoardLogger(folder, name="", version="tensorboard")


def wandb(folder: Path) -> Logger:
    from lightning.pytorch.loggers import WandbLogger

    return WandbLogger(project="vggx", name=folder.name, save_dir=folder)


def mlflow(folder: Path) -> Logger:
    from lightning.pytorch.loggers import MLFlowLogger

    return MLFlowLogger("vggx", run_name=folder.name)


# none: metrics.csv, which is always there, is all
LOGGERS: dict[str, Callable[[Path], Any]] = {
    "tensorboard": tensorboard,
    "wandb": wandb,
    "mlflow": mlflow,
    "none": lambda folder: False,
}
OPTIONAL = ("wandb", "mlflow")  # packages of the same name that vggx does without


def check(options: TrainerOptions, logger: str) -> None:
    """
    Raises:
        ValueError: naming the option that Lightning or this project cannot follow, and what it may be.
    """
    if logger not in LOGGERS:
        raise ValueError(f"logger must be one of {', '.join(LOGGERS)}, not {logger!r}")
    if logger in OPTIONAL and find_spec(logger) is None:
        raise ValueError(f"logger={logger} needs its package: pip install {logger}")
    if options.precision not in (None, *PRECISIONS):
        raise ValueError(f"trainer.precision must be one of {', '.join(PRECISIONS)}, not {options.precision!r}")
    if any(way in options.strategy for way in ("spawn", "fork", "notebook")):
        raise ValueError(
            f"trainer.strategy={options.strategy} ends with the run's records in another process; take ddp"
        )
    if 0 in (options.limit_train_batches, options.limit_val_batches, options.limit_test_batches):
        raise ValueError("trainer.limit_*_batches must leave a batch or more; null takes all")
    if options.max_epochs is None or options.max_epochs < 1:
        raise ValueError(f"trainer.max_epochs must be 1 or more, got {options.max_epochs}")


def make_trainer(
    options: TrainerOptions, callbacks: list[Callback], logger: Any = False, *, validate: bool = True
) -> Trainer:
    quiet()
    keep_freed_memory()
    # the bar is for people: in a pipe it would come as thousands of lines, and there a line an epoch does
    bar = options.enable_progress_bar and sys.stdout.isatty()
    # fixed sizes: let cuDNN choose its kernels by trying them
    torch.backends.cudnn.benchmark = not options.deterministic
    return Trainer(
        max_epochs=options.max_epochs,
        accelerator=options.accelerator,
        devices=options.devices,
        num_nodes=options.num_nodes,
        strategy=options.strategy,
        precision=options.precision,  # type: ignore[arg-type]
        accumulate_grad_batches=1 if options.accumulate_grad_batches is None else options.accumulate_grad_batches,
        gradient_clip_val=options.gradient_clip_val,
        limit_train_batches=options.limit_train_batches,
        limit_val_batches=options.limit_val_batches if validate else 0,
        limit_test_batches=options.limit_test_batches,
        deterministic=options.deterministic,
        logger=logger,
        callbacks=[*callbacks, RichProgressBar(leave=False)] if bar else callbacks,
        plugins=[AtomicCheckpointIO()],
        enable_progress_bar=bar,
        enable_model_summary=False,
        num_sanity_val_steps=0,  # a check that would draw random numbers and prove little
        use_distributed_sampler=False,  # ours knows its rank
        log_every_n_steps=1,
    )


# what Lightning says at every start and a user of vggx can do nothing about
NOISE = (
    "does not have many workers",
    "log_every_n_steps",
    "isinstance.treespec",
    "GPU available but not used",
    "module.s. in eval mode at the start of training",  # those that `freeze` keeps there
    "lr_scheduler.step.*before.*optimizer.step",
    "recommended to use .self.log.*sync_dist",  # the metrics are gathered before they are logged
)


def quiet() -> None:
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for message in NOISE:
        warnings.filterwarnings("ignore", message=f".*{message}")
