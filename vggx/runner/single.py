"""nets + a split -> its files judged as training validates them, by Lightning's test."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from vggx import nd
from vggx.data.datamodule import SplitData
from vggx.evaluate.meter import metered
from vggx.options import Settings
from vggx.runner import hazards
from vggx.runner import trainer as trainers
from vggx.runner.bad_files import BadFiles
from vggx.runner.judge import Judged, averaged
from vggx.runner.nets import Trained
from vggx.tasks.module import TaskModule
from vggx.tasks.time_probe import ORDERS, TimeProbeModule, time_axis

More = dict[str, Any]


def single(
    nets: Sequence[Trained], datas: Sequence[SplitData], settings: Settings, split: str, *, probed: bool = False
) -> tuple[Judged, More]:
    """The files, judged; and of one net the loss, and what a time probe found.

    Args:
        datas: of each net, listed.
    """
    found = [tested(net, data, settings, split, probed=probed) for net, data in zip(nets, datas, strict=True)]
    return averaged([judged for judged, _ in found]), found[0][1] if len(nets) == 1 else {}


def tested(net: Trained, data: SplitData, settings: Settings, split: str, *, probed: bool) -> tuple[Judged, More]:
    axis = time_axis(net.modality) if probed else None
    task = (
        TaskModule(net.net, net.task, settings.recipe, net.card)
        if axis is None
        else TimeProbeModule(net.net, net.task, settings.recipe, net.card, axis=axis, seed=settings.seed)
    )
    bad_files = BadFiles(1.0, {split: len(data.find().splits[split])}, tested=split)
    # one process sees every file once, all of them, however the run was trained
    alone = replace(settings.trainer, devices=1, num_nodes=1, strategy="auto", limit_test_batches=None)
    trainer = trainers.make_trainer(alone, [bad_files])
    vgg = net.net.vgg
    hazards.check_conv3d(vgg.dims, alone.precision, trainer.strategy.root_device)
    if alone.channels_last:
        nd.channels_last(net.net, vgg.dims)
    started = time.perf_counter()
    with metered(vgg) as meter:
        trainer.test(task, dataloaders=data.loader(data.dataset(split)), verbose=False)
    seconds = time.perf_counter() - started
    passes = 1 + len(ORDERS) if probed else 1  # a probe looks at every clip in each of its orders too
    judged = Judged(
        task.file_numbers,
        task.file_targets,
        task.file_scores,
        task.file_views,
        task.file_hits,
        meter.macs(net.modality, len(net.task.names), vgg.grid) // passes,
        seconds,
        dict(bad_files.found[split]),
    )
    more: More = {"loss": trainer.callback_metrics["test_loss"].item()}
    if isinstance(task, TimeProbeModule):
        more["time_probe"] = task.probe
    return judged, more
