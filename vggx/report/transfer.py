"""what a net inherited, layer by layer, and the proof -> tables on the screen."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from vggx.report import tables


def show(report: Mapping[str, Any]) -> None:
    """The report of `vggx inflate`."""
    show_layers(report["layers"])
    proof = report["proof"]
    if report["source"]["convention"]:
        print(f"input of the source: {report['source']['convention']}")
    show_errors(proof["max_relative_error"], f"max|a - b| / max|b| against the source, on {proof['input']}")
    if "zero_padded" in proof:
        show_errors(proof["zero_padded"], "the same against the source with zeros beyond the ends, as it was trained")
    if proof["logits"] is not None:
        agreeing = f"{proof['top1_agreement']:.0%} of the top classes agree"
        print(f"logits: {tables.words(proof['logits'])}; {agreeing}")
    if proof["exact"] is None:
        print("nothing was compared: a layer of the first block inherits nothing")
    elif not proof["exact"]:
        print("init=mean gives the ends of a clip less than its middle: modality.net.time_padding=replicate mends it")


def show_layers(layers: Sequence[Mapping[str, Any]]) -> None:
    names = ("target", "source", "rule", "source_shape", "target_shape", "result")
    tables.show([{name: row[name] for name in names} for row in layers])


def show_errors(errors: Mapping[str, Mapping[str, float]], title: str) -> None:
    if errors:
        tables.show([{"block": block, **places} for block, places in errors.items()], title)


def in_a_line(layers: Sequence[Mapping[str, Any]]) -> str:
    """15 layers copied, 1 fresh (fc8), 2 dropped"""
    counts = Counter(row["result"] for row in layers)
    fresh = ", ".join(row["target"] for row in layers if row["result"] == "fresh")
    said = {"copied": "layers copied", "fresh": f"fresh ({fresh})", "dropped": "dropped"}
    return ", ".join(f"{counts[result]} {words}" for result, words in said.items() if counts[result])
