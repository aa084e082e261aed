"""run folders and a split -> errors by a protocol, on screen, in the run folder's table of protocols, and in files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vggx import files, tasks
from vggx.data.datamodule import SplitData
from vggx.data.listing import SPLITS
from vggx.evaluate import curve as curves
from vggx.evaluate.protocol import Protocol, asked
from vggx.options import DataOptions, Modality, Settings
from vggx.report import protocols
from vggx.report import time_probe as time_report
from vggx.runner.device import set_up
from vggx.runner.evaluator import EvalResult, Evaluator, averaged
from vggx.runner.nets import Trained, capabilities, check_preprocessing, check_together, trained
from vggx.tasks.time_probe import TimeProbe, time_axis


@dataclass(frozen=True)
class ProtocolOptions:
    """What a user says of the protocol; None is for the net and its data to say, see `evaluate.protocol.asked`."""

    protocol: str = "single"
    scales: Sequence[int] | None = None
    flip: bool | None = None
    grid: int | None = None


def evaluate(
    settings: Settings,
    run: Path | Sequence[Path],
    split: str = "test",
    options: ProtocolOptions | None = None,
    *,
    time_probe: bool = False,
    curve: bool = False,
) -> dict[str, Any]:
    """Measure the best net of a run, or several together; returns what evaluate_<split>.json holds.

    The nets and their preprocessing are the runs'; where the data lie and how many views of a file are taken may
    differ. The scores of several nets are averaged, file by file; the first run's data are judged, and its folder holds
    what comes out. A time probe also tests the clips with their frames shuffled (by the settings' seed), reversed, and
    one repeated.

    Args:
        curve: also measure the accuracy by fewer of the views.

    Raises:
        ValueError, FileNotFoundError: an unknown or empty split, other preprocessing than the net's, runs that do not
            go together, words that do not, a run that cannot be read, or a time probe of samples without frames in
            time.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, not {split!r}")
    runs = [run] if isinstance(run, Path) else list(run)
    nets = [trained(settings, each, first=place == 0) for place, each in enumerate(runs)]
    check_preprocessing(settings, nets[0])
    check_together(nets)
    first = nets[0]
    options = options or ProtocolOptions()
    if options.protocol != "single" or time_probe or curve:
        what = "time_probe=true" if time_probe else f"protocol={options.protocol}"
        tasks.check_classes(first.task.options, f"vggx evaluate {what}")
    asked_for = [asked(options.protocol, options.scales, options.flip, options.grid, capabilities(net)) for net in nets]
    check_extras(asked_for[0], first.modality, len(nets), time_probe=time_probe, curve=curve)
    data = first.listed(settings.seed)
    print(f"data: {data.describe()}", flush=True)
    listing = data.find()
    if not listing.splits[split]:
        raise ValueError(f"the data have no {split} split: {listing.counts()}")
    datas = [data, *(net.listed(settings.seed) for net in nets[1:])]
    probe = TimeProbe(time_axis(first.modality), settings.seed) if time_probe else None
    parts = zip(nets, datas, asked_for, strict=True)
    result = averaged([by_protocol(net, own, how, split, settings, curve, probe) for net, own, how in parts])
    found = described(nets, asked_for, split, result)
    if curve:
        try:
            found["curve"] = curves.curve(result.views, result.targets, result.macs / sum(result.counts), settings.seed)
        except ValueError as error:  # files shorter than others: what was found is not lost for it
            print(f"no curve: {error}", flush=True)
    write(found, result, nets)
    return found


def check_extras(protocol: Protocol, modality: Modality, nets: int, *, time_probe: bool, curve: bool) -> None:
    """
    Raises:
        ValueError: a time probe or a curve where there is none to be had.
    """
    for word, asked_for, protocols_of_it in (
        ("time_probe", time_probe, ("single",)),
        ("curve", curve, ("dense", "crops")),
    ):
        if asked_for and nets > 1:
            raise ValueError(f"{word}=true looks at one net: give run=RUN")
        if asked_for and protocol.name not in protocols_of_it:
            raise ValueError(f"{word}=true goes with protocol={' or '.join(protocols_of_it)}, not {protocol.name}")
    several = protocol.name == "crops" and any(count != 1 for count in modality.data.view_counts().values())
    if curve and not several and protocol.views() == 1:
        raise ValueError("curve=true wants several views of a file: add scales, flip, grid or modality.data.clips")


def by_protocol(
    net: Trained,
    data: SplitData,
    protocol: Protocol,
    split: str,
    settings: Settings,
    keep_views: bool,
    probe: TimeProbe | None,
) -> EvalResult:
    """The files by one net; of protocol=both by its two parts, averaged."""
    trainer = settings.trainer
    placed = set_up(net.net, trainer.accelerator, trainer.precision, channels_last=trainer.channels_last)
    samples = data.find().splits[split]
    evaluators = [
        Evaluator(placed, net.task, net.modality, data, samples, part, split=split, probe=probe)
        for part in protocol.parts()
    ]
    return averaged([evaluator.evaluate(keep_views=keep_views) for evaluator in evaluators])


def described(nets: Sequence[Trained], asked_for: Sequence[Protocol], split: str, result: EvalResult) -> dict[str, Any]:
    """Plain values, as evaluate_<split>.json has them."""
    first, count = nets[0], len(result.files)
    options = first.modality.data
    # a view is right or wrong where the file has one class
    views = {"clip_accuracy": sum(result.hits) / sum(result.counts)} if first.task.one_class else {}
    return {
        "run": str(first.run),
        "modality": first.modality.name,
        "plan": first.card["plan"],
        "split": split,
        "data": options.manifest or options.root or "embedded",
        "protocol": " + ".join(dict.fromkeys(words_of(protocol, options) for protocol in asked_for)),
        "nets": [
            {"run": str(net.run), "plan": net.card["plan"], "trained_at": net.modality.data.trained_at()}
            for net in nets
        ],
        "files": count,
        **first.task.figures(result.scores, result.targets),
        **views,
        **more(result),
        "views": options.view_counts(),
        "views_of_a_file": sum(result.counts) / count,
        "macs_of_a_file": round(result.macs / count),
        "seconds_of_a_file": result.seconds / count,
        "seconds": result.seconds,
        "bad_files": [{"split": split, "path": path, "reason": reason} for path, reason in result.bad.items()],
    }


def more(result: EvalResult) -> dict[str, Any]:
    """What one net by protocol single has besides."""
    found = {"loss": result.loss, "time_probe": result.time_probe}
    return {name: value for name, value in found.items() if value is not None}


def words_of(protocol: Protocol, options: DataOptions) -> str:
    """The protocol's words, and how many clips and crops a file has where several: crops 80 clips=10 crops=3"""
    if protocol.name == "dense":
        return protocol.words()
    several = {name: count for name, count in options.view_counts().items() if count != 1}
    counts = [f"{name}={count}" for name, count in several.items() if name != "crops" or protocol.grid is None]
    return " ".join([protocol.words(), *counts])


def write(found: dict[str, Any], result: EvalResult, nets: Sequence[Trained]) -> None:
    """evaluate_<split>[_<protocol>].json, its report, confusion matrix and curve, and the row of the table.

    `single` of one net has the plain name, however many clips it takes: that of the last time.
    """
    first, words, split = nets[0], found["protocol"], found["split"]
    plain = words.startswith("single")
    slug = "" if plain else "_" + words.translate(str.maketrans({" ": "_", ",": "-", "=": "-"}))
    prefix = f"evaluate_{split}{slug}" + "".join(f"_and_{other.run.name}" for other in nets[1:])
    title = f"{found['modality']}, {split}, {found['files']} files" + ("" if words == "single" else f", {words}")
    first.task.report(result.scores, result.targets, title, first.run, f"{prefix}_")
    if "time_probe" in found:
        time_report.write(found["time_probe"], title, first.run, f"{prefix}_")
    if "curve" in found:
        files.write_csv(first.run / f"{prefix}_curve.csv", found["curve"])
        protocols.draw_curve(found["curve"], title, first.run / f"{prefix}_curve.png")
    files.write_json(first.run / f"{prefix}.json", found)
    found["written"] = str(first.run / f"{prefix}*")
    # protocols are compared by the errors of classes
    found["table"] = protocols.keep(first.run, split, protocols.row(found)) if first.task.one_class else None
    found["told"] = first.task.told(found)
