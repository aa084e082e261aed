"""The tables of README.md and docs/cost.md, reckoned by the ledger, and how they get between their marks in a page."""

import re
from collections.abc import Sequence
from typing import Any

from omegaconf import OmegaConf

from vggx import configs, geometry
from vggx.cost import growth, roofline
from vggx.cost.growth import with_value
from vggx.cost.ledger import CLASSIFIER, Cost, costs_of, ledger, ledger_of, total
from vggx.options import Modality
from vggx.report.rows import markdown
from vggx.report.tables import quantity, words
from vggx.spec.net import NetSpec
from vggx.spec.words import BlockSpec, HeadSpec

CLASSES = 1000
FPS = 25.0
VALUE_BYTES = 2
ORDER = {"image": 0, "video": 1, "audio": 2}

Row = dict[str, Any]


def fill(page: str, tables: dict[str, str]) -> str:
    """The page with every table between its marks `<!-- name -->` and `<!-- /name -->`.

    Raises:
        ValueError: a table that the page has no marks for.
    """
    for name, table in tables.items():
        text = table.replace("\\", "\\\\")
        page, found = re.subn(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", rf"\1\n{text}\n\2", page, flags=re.S)
        if found != 1:
            raise ValueError(f"the page has {found} places for the table {name}, and needs one")
    return page


def pages(found: Row, modalities: dict[str, Modality]) -> dict[str, dict[str, str]]:
    """{page: {name of a table: the table}}

    Args:
        found: what goes into cost.json.
        modalities: by name, as they are for a user's own data, without a norm.
    """
    image, video = modalities["image"], modalities["video"]
    costs = {
        "nets": nets(found["rows"]),
        "peers": peers(found["rows"]),
        "stacks": stacks(),
        "inflation": inflation(image, video),
        "classifier": classifier(modalities),
        "pooling": pooling(video),
        "seconds": seconds(modalities),
        "another_layer": another_layer(modalities),
        "laws": laws(found["growth"]),
        "limits": limits(),
    }
    return {"README.md": {"costs": usual(found["rows"])}, "docs/cost.md": costs}


def usual(rows: Sequence[Row]) -> str:
    """Plan D of each modality."""
    return markdown(
        [
            {
                "modality": row["modality"] + (f", {row['rows']} pooled bands" if row["rows"] > 1 else ""),
                "input": shape(row),
                "one sample is": row["input"],
                "parameters": row["params"],
                "MACs": row["macs"],
                "FLOPs": row["flops"],
                "FLOPs forward + backward": row["flops_train"],
                "FLOPs a second of input": quantity(row["flops_per_second"]),
            }
            for row in sorted(rows, key=lambda row: ORDER.get(row["modality"], 0))
            if row["plan"] == "D"
        ]
    )


def shape(row: Row) -> str:
    """64 x 101, or 4 x (1 x 101) where rows are folded into the batch."""
    text = words(row["input_shape"])
    return f"{row['rows']} x ({text})" if row["rows"] > 1 else text


def nets(rows: Sequence[Row]) -> str:
    return markdown(
        [
            {
                "modality": row["modality"] + (f", {row['rows']} pooled bands" if row["rows"] > 1 else ""),
                "plan": row["plan"],
                "input": shape(row),
                "parameters": quantity(row["params"]),
                "of the classifier": quantity(row["classifier_params"]),
                "MACs": quantity(row["macs"]),
                "train / forward": f"{row['flops_train'] / row['flops']:.3f}",
                "front-end FLOPs": quantity(row["frontend_flops"]),
                "activations": quantity(row["activations"]),
                "saved B": quantity(row["saved_bytes"]),
                "FLOP/B": round(row["intensity"]),
            }
            for row in sorted(rows, key=lambda row: ORDER.get(row["modality"], 0))
            if row["rows"] is not None
        ]
    )


def peers(rows: Sequence[Row]) -> str:
    return markdown(
        [
            {
                "net": row["plan"],
                "one view is": row["input"],
                "parameters": quantity(row["params"]),
                "GMACs counted": f"{row['macs'] / 1e9:.3f}",
                "GMACs published": row["published_gmacs"],
                "views": row["views"],
                "FLOPs a decision": quantity(row["flops_per_decision"]),
                "FLOPs a second": quantity(row["flops_per_second"]),
                "note": row["note"],
            }
            for row in rows
            if row["rows"] is None
        ]
    )


def stacks() -> str:
    """Section 2.3 of the paper: small kernels in place of a large one, C channels in and out."""
    found = []
    channels, size = 512, (28, 28)
    for kernels in ((3, 3, 3), (7,), (3, 3), (5,)):
        block = BlockSpec.of(2, channels, kernels=kernels, pool=1)
        spec = NetSpec((channels, *size), (block,), HeadSpec("pooled", 1, (), (1, 1)), "stack")
        macs = convolutions(costs_of(spec))["macs"]
        field = geometry.trace(spec.backbone, size)[-1].receptive_field
        found.append(
            {
                "layers": " + ".join(f"{side}x{side}" for side in kernels),
                "sees": field,
                "weights": f"{macs // channels**2 // (size[0] * size[1])} C^2",
                "MACs at C = 512, 28 x 28": macs,
            }
        )
    return markdown(found)


def convolutions(costs: Sequence[Cost]) -> dict[str, int]:
    return total([cost for cost in costs if cost.part != CLASSIFIER])


def inflation(image: Modality, video: Modality) -> str:
    """The convolutions of plan D at 112 x 112: of one image, of sixteen, and of a clip of sixteen frames."""
    frame = convolutions(ledger_of(with_value(image, "size", video.data.size), CLASSES))
    clips = {
        "a clip, time never pooled": ledger_of(with_value(video, "time_pools", [1] * 5), CLASSES),
        "a clip, time pooled 1, 2, 2, 2, 2": ledger_of(video, CLASSES),
    }
    rows = [
        {"convolutions of": "an image, 3x3", "parameters": frame["params"], "MACs": frame["macs"], "to an image": 1.0},
        {
            "convolutions of": "sixteen images, 3x3",
            "parameters": frame["params"],
            "MACs": 16 * frame["macs"],
            "to an image": 16.0,
        },
    ]
    for name, costs in clips.items():
        clip = convolutions(costs)
        rows.append(
            {
                "convolutions of": f"{name}, 3x3x3",
                "parameters": clip["params"],
                "MACs": clip["macs"],
                "to an image": clip["macs"] / frame["macs"],
            }
        )
    return markdown(rows)


def classifier(modalities: dict[str, Modality]) -> str:
    rows = []
    for name, modality in modalities.items():
        costs = ledger_of(modality, CLASSES)
        whole, part = total(costs), total([cost for cost in costs if cost.part == CLASSIFIER])
        pooled = total(ledger_of(with_value(modality, "head", "pooled"), CLASSES))
        rows.append(
            {
                "modality": name,
                "parameters": whole["params"],
                "of fc6, fc7, fc8": f"{part['params'] / whole['params']:.1%}",
                "of the MACs": f"{part['macs'] / whole['macs']:.2%}",
                "parameters with head=pooled": pooled["params"],
            }
        )
    return markdown(rows)


def pooling(video: Modality) -> str:
    """What pooling time early or late costs, 16 frames."""
    rows = []
    unpooled = None
    for pools in ([1, 1, 1, 1, 1], [1, 1, 1, 1, 2], [1, 1, 1, 2, 2], [1, 1, 2, 2, 2], [1, 2, 2, 2, 2], [2, 2, 2, 2, 1]):
        costs = ledger_of(with_value(video, "time_pools", pools), CLASSES)
        macs = total(costs)["macs"]
        unpooled = unpooled or macs
        rows.append(
            {
                "time_pools": ", ".join(map(str, pools)),
                "MACs": macs,
                "of no pooling": f"{macs / unpooled:.1%}",
                "saved B": quantity(sum(cost.saved.bytes(VALUE_BYTES) for cost in costs)),
            }
        )
    return markdown(rows)


def seconds(modalities: dict[str, Modality]) -> str:
    """A second of a film's frames, of clips end to end, and of sound."""
    flops = {}
    for name, modality in modalities.items():
        shape = modality.spec(CLASSES).input_shape
        one = total(ledger_of(modality, CLASSES))["flops"] + modality.net.frontend_flops(shape)
        flops[name] = (modality.data.meaning(FPS), one, one / modality.data.duration(FPS))
    sound = flops["audio"][2]
    return markdown(
        [
            {
                "modality": name,
                "one sample is": meaning,
                "FLOPs of it": quantity(one),
                "FLOPs a second": quantity(second),
                "to a second of sound": round(second / sound),
            }
            for name, (meaning, one, second) in flops.items()
        ]
    )


def another_layer(modalities: dict[str, Modality]) -> str:
    """What another 3-wide layer costs in every block."""
    found = {name: growth.depth_laws(modality, CLASSES) for name, modality in modalities.items()}
    return markdown(
        [
            {"block": number} | {name: quantity(float(laws[number - 1].terms[1])) for name, laws in found.items()}
            for number in range(1, 6)
        ]
    )


def laws(rows: Sequence[Row]) -> str:
    return markdown(
        [
            {
                "modality": row["modality"],
                "MACs": row["law"],
                "at": f"{row['grows']} = {row['value']:g}",
                "law": row["by_law"],
                "counted": row["macs"],
                "law at twice": row["at_twice"],
                "counted at twice": row["counted_at_twice"],
            }
            for row in rows
            if row["counted_at_twice"] is not None
        ]
    )


def limits() -> str:
    """The nets of the published reckoning on the H200, without a norm."""
    device: Any = OmegaConf.to_object(configs.load("device/h200"))
    pools = [(1, 2, 2), 2, 2, 2, 2]
    clip = {"pools": pools, "grid": (1, 3, 3)}
    rows = []
    for name, batch, costs in [
        ("image, 3 x 224 x 224", 256, ledger((3, 224, 224), CLASSES)),
        ("image, 3 x 224 x 224", 64, ledger((3, 224, 224), CLASSES)),
        ("video, 3 x 16 x 112 x 112", 32, ledger((3, 16, 112, 112), 400, **clip)),
        ("video, 3 x 16 x 224 x 224", 16, ledger((3, 16, 224, 224), 400, pools=pools, grid=(1, 7, 7))),
        ("audio, 128 x 1024, pooled head", 512, ledger((128, 1024), 527, head="pooled")),
    ]:
        limit = roofline.limit(costs, device, batch, VALUE_BYTES)
        slow = [c.name for c in costs if c.macs and roofline.limit([c], device, batch, VALUE_BYTES).bound == "memory"]
        rows.append(
            {
                "net": name,
                "batch": batch,
                "inferred a second": round(batch / limit.infer_seconds),
                "trained a second": round(batch / limit.train_seconds),
                "MFU": round(total(costs)["flops_train"] * batch / limit.train_seconds / device.rate, 3),
                "bound by memory, besides the pools": ", ".join(slow),
            }
        )
    return markdown(rows)
