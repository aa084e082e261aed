"""nets and peers -> rows of their measured speed, all that do the same work timed in turn, held against the device."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from statistics import median
from typing import Any

import torch

from vggx.commands.benchmark.entrants import PEER_SETTING, Entrant, beside, ours, theirs
from vggx.cost import peers
from vggx.cost.memory import autocast_dtype, predicted_peak
from vggx.cost.speed import ceiling, clock, places
from vggx.cost.speed.ceiling import Ceiling
from vggx.cost.speed.steps import MODES, Setting, Step
from vggx.options import Device, Settings
from vggx.progress import progress
from vggx.runner.hazards import check_conv3d, too_large

Row = dict[str, Any]
# a net takes one sample at a time: what is then measured is how long an answer takes
SINGLE = ("infer", 1)
ENERGY_SECONDS = 2.0  # at the least: a card's count moves in steps
MEASURED = (
    "samples_per_second", "low", "high", "step_ms", "flops_per_second", "device_flops_per_second",
    "device_bytes_per_second", "mfu", "roofline_share", "latency_ms",
    "peak_memory", "predicted_memory", "joules_per_sample", "warning", "against",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What is timed, and for how long.

    Attributes:
        classes: of our nets; a peer has its own 1,000 or 400.
        modes: train, infer.
        batch_sizes: for each a comparison of its own.
        settings: that our nets run in.
        repeats: rounds in which all take their turn.
        seconds: that each runs in a round, one step at the least.
        profile: also tell where the time of our nets goes.

    Raises:
        ValueError: a value that cannot be followed, by its name.
    """

    classes: int = 1000
    modes: Sequence[str] = MODES
    batch_sizes: Sequence[int] = (1, 8)
    settings: Sequence[Setting] = (Setting(channels_last=True),)
    repeats: int = 5
    seconds: float = 1.0
    profile: bool = False

    def __post_init__(self) -> None:
        if not self.modes or any(mode not in MODES for mode in self.modes):
            raise ValueError(f"modes must be of {', '.join(MODES)}, not {list(self.modes)}")
        if not self.batch_sizes or any(batch < 1 for batch in self.batch_sizes):
            raise ValueError(f"batch_sizes must be 1 or more, not {list(self.batch_sizes)}")
        if self.repeats < 1:
            raise ValueError(f"repeats must be 1 or more, not {self.repeats}")
        if not self.seconds > 0:
            raise ValueError(f"seconds must be positive, not {self.seconds}")
        for setting in self.settings:
            autocast_dtype(setting.precision)


def benchmark(nets: Sequence[Settings], compare: Sequence[str], terms: Terms, device: torch.device) -> dict[str, Any]:
    """{device, ceilings, rows, profiles} of every net, and of the peers beside it.

    A net is given what its VGG eats, on the device already: normalised pixels, or a spectrogram; neither loading nor
    the front-end of sound is in the times.

    Args:
        compare: names of peers, such as torchvision:vgg16; see `vggx.commands.benchmark.entrants.beside`.

    Raises:
        ValueError: options from which no net can be made, an unknown peer or one of which no net has the axes, or
            software that is known to compute wrongly.
        ModuleNotFoundError: a peer of a library that is not installed.
    """
    found = [peers.find(name) for name in compare]  # all of them before the first is timed
    lonely = [peer.name for peer in found if not any(peer in beside(found, net) for net in nets)]
    if lonely:
        raise ValueError(f"compare={lonely}: beside no net that is timed here; choose their modality, or leave it out")
    for net, setting in product(nets, terms.settings):
        check_conv3d(net.modality.net.DIMS, setting.precision, device)
    entrants = [
        (
            net.modality.name,
            [
                ours(net, terms.classes, terms.settings),
                *(theirs(peer, net, terms.settings) for peer in beside(found, net)),
            ],
        )
        for net in nets
    ]
    rows: list[Row] = []
    profiles: list[Row] = []
    comparisons = list(product(entrants, terms.modes, terms.batch_sizes))
    with clock.cudnn_trying_kernels():
        for (name, side_by_side), mode, batch in progress(comparisons, "timing"):
            comparison = Comparison(side_by_side, mode, batch, terms, device)
            rows += [{"modality": name} | row for row in comparison.rows()]
            if terms.profile:
                profiles += [{"modality": name} | row for row in comparison.profiles()]
            del comparison
            gc.collect()
    return {"device": ceiling.name_of(device), "rows": rows, "profiles": profiles}


class Comparison:
    """All entrants in all their settings, at one mode and batch, timed in turn."""

    def __init__(self, entrants: Sequence[Entrant], mode: str, batch: int, terms: Terms, device: torch.device):
        self.mode, self.batch, self.terms, self.device = mode, batch, terms, device
        self.ways = {
            f"{entrant.subject.name}, {setting.words()}": (entrant, setting)
            for entrant in entrants
            for setting in entrant.settings
        }
        self.steps: dict[str, Step] = {}
        self.failed: dict[str, str] = {}
        self.seconds: dict[str, list[float]] = {}
        torch.compiler.reset()  # after a few nets it would leave the next one uncompiled
        for name, (entrant, setting) in self.ways.items():
            try:
                self.steps[name] = Step(entrant.subject, setting, mode, batch, device)
            except RuntimeError as error:  # torch.OutOfMemoryError is one, and what a CPU's allocator raises
                if "memory" not in str(error):
                    raise
                self.failed[name] = "out of memory"
        precisions = {setting.precision for _, setting in self.ways.values()}
        self.ceilings = {precision: Ceiling(device, precision) for precision in precisions}
        bounds = {
            bound: step
            for precision, found in self.ceilings.items()
            for bound, step in ((f"product, {precision}", found.product), (f"copy, {precision}", found.copy))
        }
        for turn in clock.in_turn(self.steps | bounds, device, repeats=terms.repeats, seconds=terms.seconds):
            for name, seconds in turn.items():
                self.seconds.setdefault(name, []).append(seconds)

    def rows(self) -> list[Row]:
        return [self.row(name) for name in self.ways]

    def limit(self, precision: str) -> Device:
        """What the device reached in the same rounds."""
        product, copy = (median(self.seconds[f"{bound}, {precision}"]) for bound in ("product", "copy"))
        return self.ceilings[precision].of(product, copy)

    def row(self, name: str) -> Row:
        entrant, setting = self.ways[name]
        found = {
            "net": entrant.subject.name,
            "peer": entrant.costs is None,
            "input_shape": list(entrant.subject.shape),
            "mode": self.mode,
            "batch_size": self.batch,
            **vars(setting),
            "flops": entrant.flops[self.mode],
            "intensity": entrant.intensity(self.batch, setting.precision),
            "error": self.failed.get(name),
        }
        measured = self.measured(name, self.limit(setting.precision)) if name in self.steps else dict.fromkeys(MEASURED)
        return found | measured

    def measured(self, name: str, limit: Device) -> Row:
        entrant, setting = self.ways[name]
        step = self.steps[name]
        spread = clock.Spread.of([self.batch / seconds for seconds in self.seconds[name]])
        rate = spread.median * entrant.flops[self.mode]
        least = entrant.least_seconds(self.mode, self.batch, setting.precision, limit)
        single = clock.latency(step, self.device, self.terms.seconds) if (self.mode, self.batch) == SINGLE else None
        return {
            "samples_per_second": spread.median,
            "low": spread.low,
            "high": spread.high,
            "step_ms": 1e3 * self.batch / spread.median,
            "flops_per_second": rate,
            "device_flops_per_second": limit.rate,
            "device_bytes_per_second": limit.bandwidth,
            "mfu": rate / limit.rate,
            "roofline_share": None if least is None else least * spread.median / self.batch,
            "latency_ms": single,
            "peak_memory": step.peak,
            "predicted_memory": None if step.peak is None else self.predicted(name),
            "joules_per_sample": self.joules(step),
            "warning": None if entrant.costs is None else too_large(entrant.costs, self.batch, self.device),
            "against": self.against(name),
        }

    def against(self, name: str) -> list[Row]:
        """How many times as fast as each peer in its library's way, and in this precision: paired by the round."""
        entrant, setting = self.ways[name]
        if entrant.costs is None:
            return []
        found = []
        for other, (peer, how) in self.ways.items():
            if (
                peer.costs is None
                and other in self.seconds
                and how.precision in (setting.precision, PEER_SETTING.precision)
            ):
                pairs = zip(self.seconds[other], self.seconds[name], strict=True)
                ratio = clock.Spread.of([theirs / ours for theirs, ours in pairs])
                found.append({"net": peer.subject.name, "precision": how.precision, **ratio._asdict()})
        return found

    def predicted(self, name: str) -> int | None:
        """The peak of training that `vggx cost memory=true` would tell."""
        entrant, setting = self.ways[name]
        if self.mode != "train" or entrant.costs is None:
            return None

        def batch() -> tuple[torch.Tensor, torch.Tensor]:
            return torch.zeros(self.batch, *entrant.subject.shape), torch.zeros(self.batch, dtype=torch.int64)

        return predicted_peak(entrant.subject.build, entrant.subject.optimizer, batch, setting.precision).peak

    def joules(self, step: Step) -> float | None:
        """Of a sample, in a run of its own; None where no count is at hand."""
        if ceiling.Joules(self.device).before is None:
            return None
        steps = clock.count_for(max(ENERGY_SECONDS, self.terms.seconds), step, self.device)
        meter = ceiling.Joules(self.device)
        clock.seconds_of(step, steps, self.device)
        taken = meter.taken()
        return None if taken is None else taken / (steps * self.batch)

    def profiles(self) -> list[Row]:
        """Where the time of our nets goes: by kernel, and of a forward pass by layer, too."""
        found = []
        for name, step in self.steps.items():
            entrant, setting = self.ways[name]
            if entrant.costs is None:
                continue
            one = {"net": entrant.subject.name, "mode": self.mode, "batch_size": self.batch, **vars(setting)}
            by_layer = None
            if self.mode == "infer" and not (setting.compile or setting.cuda_graphs):
                by_layer = places.layers(step.net, step, self.device)
            found.append(one | {"kernels": places.kernels(step, self.device), "layers": by_layer})
        return found
