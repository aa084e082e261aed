"""settings -> a trained net in a run folder: data, net, task, trainer; fit; test the best epoch once; report."""

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from lightning import Trainer, seed_everything

from vggx import files, nd, recipes, tasks, tuning
from vggx import settings as settings_module
from vggx.cost.ledger import ledger_of, total
from vggx.data.datamodule import SplitData
from vggx.data.dataset import blank
from vggx.data.listing import SPLITS
from vggx.data.statistics import MEASURING, measure, unmeasured
from vggx.net import PreparedNet
from vggx.options import Modality, Settings, given
from vggx.progress import progress
from vggx.recipes.ema import Ema
from vggx.report import plots
from vggx.report.transfer import in_a_line
from vggx.runner import hazards
from vggx.runner import trainer as trainers
from vggx.runner.bad_files import BadFiles
from vggx.runner.checkpoint_io import read_checkpoint
from vggx.runner.inherit import inherit, provenance
from vggx.runner.random_state import RandomState
from vggx.runner.recorder import Recorder
from vggx.runner.run_folder import BEST, SUMMARY, clear_leftovers, last_checkpoint, new_run
from vggx.surgery.transfer import Transfer
from vggx.tasks.module import TaskModule
from vggx.tasks.task import Task
from vggx.weights import store
from vggx.weights.source import Weights, read_weights

WEIGHTS_REPORT = "weights.report.json"
VERSIONS = ("vggx", "torch", "torchvision", "torchaudio", "lightning", "decord", "soundfile")


def train(
    settings: Settings, *, weights: Weights | None = None, job: int | None = None, resume: Path | None = None
) -> dict[str, Any]:
    """Train a net, or go on with the run in `resume`; returns what summary.json holds.

    Args:
        settings: from `vggx.settings.resolve`.
        weights: what `settings.weights` names, where it is read already; a resumed run has its own.
        job: the run's number in a sweep.
        resume: a run folder to go on in, from its last checkpoint.

    Raises:
        ValueError, FileNotFoundError: naming the option or file that is wrong.
    """
    trainers.check(settings.trainer, settings.logger)
    checkpoint = last_checkpoint(resume) if resume else None
    if resume:
        clear_leftovers(resume)
    seed_everything(settings.seed, verbose=False)
    modality = settings.modality
    data, task = opened(settings)
    listing = data.find()
    say(f"data: {data.describe()}")
    if settings.inherit is not None and not settings.weights:
        raise ValueError(f"inherit={settings.inherit} needs weights=...: they are layers of those")
    if weights is None and settings.weights and not resume:
        weights = read_weights(settings.weights, plan=None if settings.inherit else modality.net.plan)
    net, found = begun(modality, listing.classes, weights, settings.allow_fresh, settings.inherit)
    sizes = {split: len(listing.splits[split]) for split in SPLITS}
    if settings.recipe.schedule == "plateau" and not sizes["val"]:
        raise ValueError(
            f"recipe.schedule=plateau waits for the validation {task.watched}, and there is no validation split"
        )
    bad_files = BadFiles(modality.data.bad_limit, sizes)
    ema = [Ema(settings.recipe.ema)] if settings.recipe.ema else []
    recorder = Recorder(
        Path(os.devnull),
        lambda: store.save_net(folder, ema[0].average if ema else net, card),
        task.watched,
        more_is_better=task.more_is_better,
    )
    callbacks = [RandomState(settings.seed), bad_files, *ema, recorder]
    trainer = trainers.make_trainer(settings.trainer, callbacks, validate=bool(sizes["val"]))
    batch_size = given(modality.data.batch_size, "batch_size")
    trainer.accumulate_grad_batches = recipes.accumulation(
        settings.recipe.batch, batch_size, trainer.world_size, settings.trainer.accumulate_grad_batches
    )
    device, layers = trainer.strategy.root_device, ledger_of(modality, len(listing.classes))
    hazards.check_conv3d(net.vgg.dims, settings.trainer.precision, device)
    if warning := hazards.too_large(layers, batch_size, device):
        say(f"warning: {warning}")
    if (rise := settings.recipe.warmup_epochs) >= given(settings.trainer.max_epochs, "max_epochs"):
        say(f"warning: recipe.warmup_epochs={rise:g} is all of the run: recipe.lr is not reached")
    if unmeasured(modality.net, modality.data):
        measure(net, progress(data.loader(data.dataset("train")), MEASURING), modality.net, modality.data)
    if settings.trainer.deterministic:
        hazards.check_deterministic(net.to(device), blank(modality.data, 1).to(device))
    card = store.make_card(modality, net, listing.classes, task.card())
    if weights is not None and found is not None:
        card["weights"] = provenance(weights, found)
    module = TaskModule(net, task, settings.recipe, card, settings.freeze)
    if checkpoint is not None:
        saved = read_checkpoint(checkpoint)
        module.on_load_checkpoint(saved)  # refuses what does not fit before anything in the folder is written
        data.start_epoch = saved["epoch"] + 1
    paces = module.paces()
    first = is_first()
    folder = resume or (new_run(settings.runs, modality.name, job) if first else Path(os.devnull))
    recorder.folder = folder
    costs = total(layers)
    training = sum(parameter.numel() for parameter in net.parameters() if parameter.requires_grad)
    if first:
        trainer.logger = trainers.LOGGERS[settings.logger](folder)
        files.write_text(folder / settings_module.CONFIG, settings_module.to_yaml(settings))
        count = f"{costs['params']:,} parameters" + (f" ({training:,} of them train)" if settings.freeze else "")
        say(f"net: plan {card['plan']} in dims {card['dims']}, {count}, {costs['macs']:,} MACs")
        if found is not None:
            files.write_json(folder / WEIGHTS_REPORT, {"source": card["weights"], "layers": found.rows})
            convention = card["weights"]["convention"]
            taken = f" (input: {convention})" if convention else ""
            say(f"weights: {settings.weights}{taken}: {in_a_line(found.rows)}")
        if settings.recipe.layer_decay != 1 or settings.recipe.fresh_factor != 1 or settings.recipe.block_rates:
            say(f"learning rates: {tuning.in_a_line(paces, given(settings.recipe.lr, 'lr'))}")
        say(f"run: {folder}")
    if settings.trainer.channels_last:
        nd.channels_last(net, net.vgg.dims)
    if settings.trainer.compile:
        net.compile()
    trainer.fit(module, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    if trainer.should_stop:
        ended = f"the run ended after epoch {len(recorder.history)} of {trainer.max_epochs}"
        say(f"{ended}: the validation {task.watched} stalled once more than recipe.drops={settings.recipe.drops}")

    folder = trainer.strategy.broadcast(folder)
    best = read_checkpoint(folder / BEST)
    module.load_state_dict(best["state_dict"])
    module.resume_task(best["card"].get("task", tasks.CLASSIFY))
    if trainer.is_global_zero:
        curves, share = folder / "curves.png", task.more_is_better
        plots.curves(recorder.history, recorder.best_epoch, curves, task.watched, share=share)
    judged = next((split for split in ("test", "val") if listing.splits[split]), None)
    if judged:
        (trainer.test if judged == "test" else trainer.validate)(module, datamodule=data, verbose=False)
    measured = {name: value.item() for name, value in trainer.callback_metrics.items()} if judged else {}
    summary = {
        "modality": modality.name,
        "task": task.options.name,
        "watched": task.watched,
        "plan": card["plan"],
        "norm": modality.net.norm,
        "dims": card["dims"],
        **costs,
        "trainable_params": training,
        "frozen_blocks": settings.freeze,
        "input_shape": card["input"]["shape"],
        "classes": listing.classes,
        "data": {"source": data.source, "root": modality.data.root, "files": sizes, "read_by": data.reading()},
        "seed": settings.seed,
        "weights": card.get("weights"),
        **recorder.summary(),
        f"test_{task.watched}": None,
        **{name: value for name, value in measured.items() if name.startswith("test_")},
        "bad_files": bad_files.listed(),
        **machine(trainer),
    }
    if trainer.is_global_zero:
        files.write_json(folder / SUMMARY, summary)
        if judged:
            title = f"{modality.name}, {judged}, {len(module.file_targets)} files"
            task.report(module.file_scores, module.file_targets, title, folder)
    return {"run": str(folder), **summary}


def opened(settings: Settings) -> tuple[SplitData, Task]:
    """The data set, listed, and the task as its training targets have it.

    Raises:
        ValueError: as its source, or data in which there is nothing to be learned.
    """
    data = tasks.open_data(settings.modality, settings.task, settings.seed)
    return data, tasks.begun(settings.task, data.find())


def begun(
    modality: Modality,
    classes: list[str],
    weights: Weights | None,
    allow_fresh: list[str],
    only: list[str] | None = None,
) -> tuple[PreparedNet, Transfer | None]:
    """The net that training begins with: its weights drawn, or those that it can inherit."""
    if weights is None:
        return modality.build(len(classes)), None
    same = weights.classes == classes
    return inherit(modality, len(classes), weights, keep_classes=same, allow_fresh=allow_fresh, only=only)


def machine(trainer: Trainer) -> dict[str, Any]:
    """What a run ran on."""
    device = trainer.strategy.root_device
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "devices": trainer.world_size,
        "precision": trainer.precision,
        "versions": {"python": platform.python_version()} | {name: metadata.version(name) for name in VERSIONS},
    }


def is_first() -> bool:
    """Whether this process is the one of its run that writes, before Lightning has started any other."""
    from lightning.pytorch.utilities import rank_zero_only

    return getattr(rank_zero_only, "rank", None) in (0, None)


def say(text: str) -> None:
    if is_first():
        print(text, flush=True)
