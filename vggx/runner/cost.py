"""nets and peers -> rows of what their nets cost, or the blocks or layers of each: one convention for all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from vggx.cost import roofline
from vggx.cost.ledger import CLASSIFIER, Cost, ledger_of, total
from vggx.cost.memory import value_bytes
from vggx.options import Device, Modality, Settings, given
from vggx.progress import progress
from vggx.runner import peers
from vggx.runner.memory import memory_row

Row = dict[str, Any]


@dataclass(frozen=True)
class Terms:
    """What costs are told in.

    Attributes:
        classes: of every net.
        precision: of the maps, a key of `vggx.cost.memory.PRECISIONS`.
        fps: frames a second of the film that clips, and images as its frames, are taken from.
        device: whose limits are told.

    Raises:
        ValueError: an unknown precision, 32 bits beside a device, whose rates are of 16, or fps that is not positive.
    """

    classes: int
    precision: str = "bf16-mixed"
    fps: float = 25.0
    device: Device | None = None

    def __post_init__(self) -> None:
        value_bytes(self.precision)
        if self.device is not None and self.value_bytes != 2:
            raise ValueError(f"a device's rate is of 16-bit values: take bf16-mixed or 16-mixed, not {self.precision}")
        if not self.fps > 0:
            raise ValueError(f"fps must be positive, got {self.fps}")

    @property
    def value_bytes(self) -> int:
        """Of a map."""
        return value_bytes(self.precision)

    @property
    def convention(self) -> str:
        return (
            "MACs and FLOPs (= 2 MACs) of convolutions and linear layers for one sample (one view), forward; in "
            "flops_train with the backward pass. Biases, norms, activations and pools are not counted. frontend_flops: "
            "mel product and FFT of sound. activations: values that convolutions and linear layers give. saved_bytes: "
            f"kept for the backward pass, {self.precision}. moved_bytes: least traffic of the forward pass, a sample's "
            "share of its batch; intensity: FLOPs a byte of it. Per decision (all views), second of input and "
            f"parameter with the front-end; a film has {self.fps:g} fps, an image is a frame of it"
            + (f". {limits_of(self.device)}" if self.device else "")
        )


def limits_of(device: Device) -> str:
    rate, bandwidth, memory = device.rate / 1e12, device.bandwidth / 1e12, device.memory / 2**30
    figures = f"{rate:g} TFLOP/s, {bandwidth:g} TB/s, {memory:.0f} GiB ({device.source})"
    return f"Limits of {device.name}: {figures}, trained by SGD with momentum"


def cost(
    nets: Sequence[Settings], terms: Terms, by: str = "net", compare: Sequence[str] = (), memory: bool = False
) -> dict[str, Any]:
    """{convention, rows} of the nets that these options make, in their order, and of the peers after them.

    Args:
        compare: names of peers, such as torchvision:r3d_18.
        memory: predict the peak of training besides, a second for each net.

    Raises:
        ValueError: an unknown `by` or peer, an empty batch, or options from which no net can be made.
        ModuleNotFoundError: a peer of a library that is not installed.
    """
    if by not in ROWS:
        raise ValueError(f"by must be one of {', '.join(ROWS)}, not {by!r}")
    if (compare or memory) and by != "net":
        raise ValueError(f"peers and memory are told of whole nets: compare and memory go with by=net, not by={by}")
    found = [row for net in nets for row in ROWS[by](net.modality, terms)]
    if memory:
        taken = [memory_row(net, terms.classes, terms.precision) for net in progress(nets, "predicting memory")]
        found = [row | more for row, more in zip(found, taken, strict=True)]
        if terms.device is not None:
            found = [row | {"fits_device": row["peak_memory"] <= terms.device.memory} for row in found]
    if compare:
        found = peers.beside(found, compare, terms.fps)
    return {"convention": terms.convention, "rows": found}


def identity(modality: Modality, terms: Terms) -> Row:
    """Which net it is, and of which input: without these no figure means anything."""
    net, shape = modality.net, list(modality.spec(terms.classes).input_shape)
    known = {"modality": modality.name, "plan": net.plan, "norm": net.norm, "dims": len(shape) - 1}
    return known | {"input_shape": shape, "classes": terms.classes}


def net_row(modality: Modality, terms: Terms) -> list[Row]:
    net, data = modality.net, modality.data
    costs = ledger_of(modality, terms.classes)
    shape = modality.spec(terms.classes).input_shape
    counts = total(costs)
    classifier = total([cost for cost in costs if cost.part == CLASSIFIER])["params"]
    frontend = net.frontend_flops(shape)
    seconds, views = data.duration(terms.fps), data.views()
    return [
        {
            **identity(modality, terms),
            "input": data.meaning(terms.fps),
            "rows": net.rows(),
            "views": views,
            "seconds_of_input": seconds,
            **counts,
            "frontend_flops": frontend,
            "conv_params": counts["params"] - classifier,
            "classifier_params": classifier,
            **traffic(costs, modality, terms),
            **normalised(counts["flops"] + frontend, counts["params"], views, seconds),
            **net_limits(costs, modality, terms),
        }
    ]


def part_row(named: Row, costs: Sequence[Cost], modality: Modality, terms: Terms) -> Row:
    return {
        **named,
        **total(costs),
        **traffic(costs, modality, terms),
        **part_limits(costs, modality, terms),
    }


def layer_rows(modality: Modality, terms: Terms) -> list[Row]:
    net = identity(modality, terms)
    return [
        part_row(net | {"layer": cost.name, "output": list(cost.output)}, [cost], modality, terms)
        for cost in ledger_of(modality, terms.classes)
    ]


def block_rows(modality: Modality, terms: Terms) -> list[Row]:
    net, costs = identity(modality, terms), ledger_of(modality, terms.classes)
    parts = {part: [cost for cost in costs if cost.part == part] for part in dict.fromkeys(c.part for c in costs)}
    return [part_row(net | {"block": part}, found, modality, terms) for part, found in parts.items()]


ROWS: dict[str, Callable[[Modality, Terms], list[Row]]] = {"net": net_row, "block": block_rows, "layer": layer_rows}


def batch_of(modality: Modality) -> int:
    """
    Raises:
        ValueError: a batch without a sample.
    """
    batch = given(modality.data.batch_size, "batch_size")
    if batch < 1:
        raise ValueError(f"modality.data.batch_size must be 1 or more, got {batch}")
    return batch


def traffic(costs: Sequence[Cost], modality: Modality, terms: Terms) -> Row:
    """Bytes that a sample saves and moves, the latter as its share of a batch, and FLOPs a byte moved."""
    batch = batch_of(modality)
    moved = sum(roofline.forward(cost, batch, terms.value_bytes).bytes for cost in costs) / batch
    return {
        "saved_bytes": sum(cost.saved.bytes(terms.value_bytes) for cost in costs),
        "batch_size": batch,
        "moved_bytes": round(moved),
        "intensity": total(costs)["flops"] / moved,
    }


def normalised(flops: int, params: int, views: int | None, seconds: float) -> Row:
    """The three ways of holding what one sample costs against what another does."""
    return {
        "flops_per_decision": None if views is None else flops * views,
        "flops_per_second": flops / seconds,
        "flops_per_parameter": flops / params,
    }


def net_limits(costs: Sequence[Cost], modality: Modality, terms: Terms) -> Row:
    """Samples a second and model FLOPs utilisation that the device allows at the most, and what memory takes of it."""
    if terms.device is None:
        return {}
    batch = batch_of(modality)
    limit = roofline.limit(costs, terms.device, batch, terms.value_bytes)
    return {
        "device": terms.device.name,
        "max_infer_per_second": batch / limit.infer_seconds,
        "max_train_per_second": batch / limit.train_seconds,
        "max_mfu": total(costs)["flops_train"] * batch / limit.train_seconds / terms.device.rate,
        "memory_bound_share": limit.memory_share,
    }


def part_limits(costs: Sequence[Cost], modality: Modality, terms: Terms) -> Row:
    """The least microseconds of a batch, forward and of a whole training step, and what bounds the latter."""
    if terms.device is None:
        return {}
    limit = roofline.limit(costs, terms.device, batch_of(modality), terms.value_bytes)
    return {"infer_us": limit.infer_seconds * 1e6, "train_us": limit.train_seconds * 1e6, "bound": limit.bound}
