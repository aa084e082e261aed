"""The speed benchmark: what it compares, its goals, and that the page has the tables of its results."""

import json
from pathlib import Path
from typing import Any

from vggx.cost import peers

ROOT = Path(__file__).parents[2]


def row(script: Any, **more: Any) -> dict[str, Any]:
    against = [{"net": "torchvision:vgg16", "precision": "32-true", "low": 1.0, "median": 1.2, "high": 1.3}]
    known = {"modality": "image", "net": "vggx D", "peer": False, "mode": "train", "batch_size": 8, "error": None}
    return (
        known
        | vars(script.LAST)
        | {"samples_per_second": 2.0, "mfu": 0.5}
        | {
            "against": against,
            "peak_memory": None,
            "predicted_memory": None,
        }
        | more
    )


def test_every_match_names_nets_that_there_are(script: Any) -> None:
    for match in script.MATCHES.values():
        net = script.net(match)
        assert (net.modality.name, net.modality.net.plan, net.modality.net.norm) == (match.modality, "D", match.norm)
        for name in match.peers:
            assert peers.find(name).name == name
        assert match.batches.keys() == script.SETTINGS.keys()


def test_on_a_cpu_the_default_is_held_against_peers_and_other_settings(script: Any) -> None:
    rows = [row(script), row(script, channels_last=False, samples_per_second=2.5), row(script, batch_size=1)]
    found = {goal["goal"]: goal for goal in script.goals(rows, "cpu")}
    assert len(found) == 2
    assert (
        found["times torchvision:vgg16"] | {"at_least": 1.0, "reached": 1.2, "met": True}
        == found["times torchvision:vgg16"]
    )
    fastest = found["of the fastest setting in this precision"]
    assert (fastest["reached"], fastest["met"]) == (0.8, False)


def test_a_2d_net_on_the_spectrogram_is_to_take_ten_times_as_long(script: Any) -> None:
    (goal, _) = script.goals([row(script, modality="audio", batch_size=64)], "cpu")
    assert (goal["at_least"], goal["met"]) == (10.0, False)


def test_on_a_gpu_rates_are_aimed_at(script: Any) -> None:
    rows = [
        row(
            script,
            precision="bf16-mixed",
            batch_size=256,
            samples_per_second=5200.0,
            peak_memory=10,
            predicted_memory=8,
        ),
        row(script, precision="bf16-mixed", batch_size=256, mode="infer", mfu=0.8),
    ]
    found = [(goal["goal"], goal["at_least"], goal["met"]) for goal in script.goals(rows, "cuda")]
    peer = ("times torchvision:vgg16 in its default recipe", 1.5, False)
    assert found == [
        peer,
        ("samples/s", 5100.0, True),
        ("of the peak memory was predicted", 0.9, False),
        peer,
        ("MFU", 0.75, True),
    ]


def test_the_page_has_the_tables_of_the_results(script: Any) -> None:
    found = json.loads((script.RESULTS / "speed_cpu.json").read_text())
    assert {row["modality"] for row in found["rows"]} == {"image", "video", "audio"}
    page = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    assert script.fill(page, script.tables(found["rows"], found["goals"])) == page
    assert script.goals(found["rows"], "cpu") == found["goals"]
