"""batch -> loss and metrics: the LightningModule of every task and modality."""

from dataclasses import asdict
from typing import Any, Self

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torchmetrics import MeanMetric

from vggx import configs, recipes, tuning
from vggx.data.batch import Batch
from vggx.options import NetOptions, Recipe
from vggx.tasks import CLASSIFY
from vggx.tasks.predictions import Predictions, by_file
from vggx.tasks.task import Task

# of a recipe, without which a resumed run's states do not fit
LASTING = (
    "optimizer", "batch", "decay_biases", "schedule", "ema", "layer_decay", "block_rates", "fresh_factor",
)  # fmt: skip


class TaskModule(LightningModule):
    """A net that learns a task.

    Logged at the end of an epoch: train_loss and, where the task knows right and wrong, train_accuracy (of augmented
    samples, while the weights move); and of validation and test <split>_loss, the task's measures of whole files,
    <split>_<measure>, the scores of their views averaged, and the watched one of single views,
    <split>_clip_<measure>.

    Args:
        net: from a modality's options.
        task: what is learned.
        recipe: how it is trained.
        card: what the checkpoint says of the net, so that it is not loaded into another.
        freeze: so many first blocks of the net do not train.

    Raises:
        ValueError: a recipe that cannot be followed, or more frozen blocks than there are.
    """

    def __init__(self, net: nn.Module, task: Task, recipe: Recipe, card: dict[str, Any], freeze: int = 0):
        super().__init__()
        recipes.check(recipe)
        task.check(recipe)
        self.net = net
        self.task = task
        self.recipe = recipe
        self.card = card
        self.resumed_recipe: dict[str, Any] | None = None
        self.frozen = tuning.freeze(net, freeze)
        self.train_loss, self.train_hits, self.evaluation_loss = MeanMetric(), MeanMetric(), MeanMetric()
        self.predictions = Predictions()

    def train(self, mode: bool = True) -> Self:
        """As ever, but frozen blocks stay in evaluation mode, in which the statistics of their norms stand still."""
        super().train(mode)
        for block in self.frozen:
            block.eval()
        return self

    def paces(self) -> dict[str, tuning.Pace]:
        """How fast each parameter learns that does, by its name in the net.

        Raises:
            ValueError: a recipe for weights that the net did not begin with.
        """
        return tuning.paces(self.net, self.recipe, self.card.get("weights", {}).get("fresh"))

    def training_step(self, batch: Batch, index: int) -> Tensor:
        x, lengths, target = batch.input, batch.lengths, batch.target
        if self.recipe.mixup or self.recipe.cutmix:
            x, lengths, target = recipes.mixed(x, lengths, target, len(self.task.names), self.recipe)
        outputs = self.task.ask(self.net, x, lengths)
        loss = self.task.loss(outputs, target, self.recipe.label_smoothing)
        if not torch.isfinite(loss):
            raise FloatingPointError(
                f"the training loss became {loss.item()} in epoch {self.current_epoch + 1}, batch {index}: "
                f"lower recipe.lr (now {self.recipe.lr}) or set trainer.gradient_clip_val"
            )
        self.train_loss.update(loss.detach(), len(outputs))
        hits = self.task.hits(outputs.detach(), batch.target)
        if hits is not None:
            self.train_hits.update(hits.float())
        return loss

    def on_train_epoch_end(self) -> None:
        known = self.train_hits.update_called
        self.log_dict({"train_loss": self.train_loss.compute()})
        if known:
            self.log_dict({"train_accuracy": self.train_hits.compute()})
        self.train_loss.reset()
        self.train_hits.reset()
        plateau, watched = self.lr_schedulers(), f"val_{self.task.watched}"
        if isinstance(plateau, recipes.Plateau) and watched in self.trainer.callback_metrics:
            plateau.step(self.trainer.callback_metrics[watched].item())
            self.trainer.should_stop |= plateau.ended

    def evaluation_step(self, batch: Batch) -> None:
        if batch.input is None:
            return
        outputs = self.task.ask(self.net, batch.input, batch.lengths)
        self.evaluation_loss.update(self.task.loss(outputs, batch.target), len(outputs))
        self.predictions.update(self.task.activate(outputs.detach().float()), batch.target, batch.file)

    def validation_step(self, batch: Batch, index: int) -> None:
        self.evaluation_step(batch)

    def test_step(self, batch: Batch, index: int) -> None:
        self.evaluation_step(batch)

    def evaluation_end(self, split: str) -> None:
        scores, targets, files = self.predictions.views()
        if len(files) == 0:
            raise ValueError(f"none of the {split} files can be read")
        mean, owner = by_file(scores, targets, files)
        if split == "val":
            self.task.settle(mean, owner)
            self.card["task"] = self.task.card()
        watched = self.task.watched
        found = {f"{split}_{name}": value for name, value in self.task.measures(mean, owner).items()}
        found[f"{split}_clip_{watched}"] = self.task.measures(scores, targets)[watched]
        self.log_dict({f"{split}_loss": self.evaluation_loss.compute(), **found})
        # what the reports of a run are drawn from
        self.file_scores, self.file_targets = mean, owner
        self.evaluation_loss.reset()
        self.predictions.reset()

    def on_validation_epoch_end(self) -> None:
        self.evaluation_end("val")

    def on_test_epoch_end(self) -> None:
        self.evaluation_end("test")

    def configure_optimizers(self) -> Any:
        scales = {name: pace.scale for name, pace in self.paces().items()}
        optimiser = recipes.optimizer(self.net, self.recipe, scales, clips=bool(self.trainer.gradient_clip_val))
        steps, epochs = int(self.trainer.estimated_stepping_batches), self.trainer.max_epochs or 1
        schedule = recipes.scheduler(optimiser, self.recipe, steps, epochs, rises=self.task.more_is_better)
        # plateau is stepped in on_train_epoch_end: Lightning would do it after the checkpoint of the epoch is written
        every = (
            {"interval": "epoch", "monitor": "train_loss"}
            if self.recipe.schedule == "plateau"
            else {"interval": "step"}
        )
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, **every}}

    def lr_scheduler_step(self, scheduler: Any, metric: Any) -> None:
        if not isinstance(scheduler, recipes.Plateau):
            scheduler.step()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["card"] = self.card
        checkpoint["recipe"] = asdict(self.recipe)
        checkpoint["freeze"] = len(self.frozen)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        # an option that the checkpoint does not know is younger than it, and what it did then is the default
        saved, recipe = checkpoint.get("card", {}), asdict(Recipe()) | checkpoint.get("recipe", {})
        for key in ("modality", "plan", "dims", "classes"):
            if saved.get(key) != self.card.get(key):
                raise ValueError(f"the checkpoint's {key} is {saved.get(key)}, the net's is {self.card.get(key)}")
        self.resume_task(saved.get("task", CLASSIFY))
        before = {**configs.load(f"modality/{self.card['modality']}").net, **saved["net"]}
        for key, value in self.card["net"].items():
            if key not in NetOptions.FREE and before.get(key) != value:
                raise ValueError(f"modality.net.{key}={value}: the checkpoint's net has {before.get(key)}")
        wanted = {f"recipe.{key}": (getattr(self.recipe, key), recipe[key]) for key in LASTING}
        wanted["freeze"] = len(self.frozen), checkpoint.get("freeze", 0)
        for key, (now, then) in wanted.items():
            if now != then:
                raise ValueError(f"{key}={now}: the run was begun with {then} and goes on with it")
        if "weights" in saved:  # the file they came from may be gone
            self.card["weights"] = saved["weights"]
        self.resumed_recipe = recipe

    def resume_task(self, saved: dict[str, Any]) -> None:
        """Go on with what the run was begun with, its measured values included.

        Raises:
            ValueError: another task, or another option of it.
        """
        options = asdict(self.task.options)
        for key, value in options.items():
            if saved.get(key, value) != value:
                word = "task" if key == "name" else f"task.{key}"
                raise ValueError(f"{word}={value}: the run was begun with {saved[key]} and goes on with it")
        self.task.restore({key: value for key, value in saved.items() if key not in options})
        self.card["task"] = self.task.card()

    def on_train_start(self) -> None:
        """After a resumed run's states are restored: what its recipe says now wins over what it said then."""
        schedule = self.lr_schedulers()
        if self.resumed_recipe is not None:
            recipes.renew(self.trainer.optimizers[0], schedule, self.recipe, self.resumed_recipe)
        self.trainer.should_stop = isinstance(schedule, recipes.Plateau) and schedule.ended
