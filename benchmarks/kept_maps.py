"""sounds -> samples a second as the net eats them, with waveforms and with kept maps, and seconds of a training."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from loops import SETS, Row, modality_of, ours, shortened
from turns import in_turn, median, quartiles, ratio, timed

from vggx.data.datamodule import SplitData
from vggx.net import PreparedNet

TRAINING = ("experiment=spoken_digits", "trainer.max_epochs=3", "logger=none", "trainer.enable_progress_bar=false")


def eaten(data: SplitData, net: PreparedNet) -> Callable[[], float]:
    """Samples a second of an epoch of training, loaded and made what the net's first layer is given."""

    def prepared(batch: dict[str, Any]) -> int:
        with torch.no_grad():
            return len(net.eaten(batch.input, batch.lengths)[0])

    return lambda: timed(ours(data, 0), prepared)


def sounds(data: Path | None, repeats: int, most: int) -> Iterator[Row]:
    """Waveforms through the front-end; maps that are made and kept now; maps that are known."""
    sets = [name for name, (kind, _, _) in SETS.items() if kind == "audio"]
    # the embedded sounds are written into this cache anew
    with tempfile.TemporaryDirectory() as cache, patch.dict(os.environ, {"VGGX_CACHE": cache}):
        for name in sets:
            waves, maps = modality_of(name, data), modality_of(name, data, cache_maps=True)
            if waves is None or maps is None:
                continue
            net = waves.build(10).train()
            modules = {"waveforms": waves.open_data(0), "maps": maps.open_data(0)}
            files = [len(shortened(module, most)) for module in modules.values()]
            known = eaten(modules["maps"], net)

            def made(known: Callable[[], float] = known, cache: str = cache) -> float:
                shutil.rmtree(Path(cache) / "maps")
                return known()

            rates = in_turn({"waveforms": eaten(modules["waveforms"], net), "cold": made, "warm": known}, repeats)
            row = {"data": name, "files": files[0], "waveforms_per_second": median(rates["waveforms"])}
            for way in ("cold", "warm"):
                row[f"{way}_per_second"] = median(rates[way])
                row[f"{way}_to_waveforms"] = ratio(rates[way], rates["waveforms"])
                row[f"{way}_to_waveforms_quartiles"] = quartiles(rates[way], rates["waveforms"])
            yield row


def training(data: Path | None, repeats: int) -> Iterator[Row]:
    """Seconds of `vggx train` on the spoken digits: of its epochs, and of the command, statistics and test included."""
    if not (data and (data / "fsdd").is_dir()):
        return
    found: dict[str, list[dict[str, float]]] = {"waveforms": [], "cold": [], "warm": []}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as cache:
            for way, runs in found.items():
                runs.append(trained(data, cache, maps=way != "waveforms"))
    for way, runs in found.items():
        row: Row = {"way": way, "runs": repeats, "accuracy": runs[0]["accuracy"]}
        for kind in ("epochs", "command"):
            base, own = ([run[kind] for run in some] for some in (found["waveforms"], runs))
            row[f"{kind}_seconds"] = median(own)
            row[f"{kind}_faster"] = ratio(base, own)
            row[f"{kind}_faster_quartiles"] = quartiles(base, own)
        yield row


def trained(data: Path, cache: str, maps: bool) -> dict[str, float]:
    words = [*TRAINING, f"modality.data.root={data / 'fsdd'}", f"modality.data.cache_maps={maps}", f"runs={cache}/runs"]
    command, begun = [sys.executable, "-m", "vggx", "train", *words], time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "VGGX_CACHE": cache})
    taken = time.perf_counter() - begun
    run = Path(done.stdout.rstrip().splitlines()[-1].removeprefix("run: "))
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    return {"epochs": summary["train_seconds"], "command": taken, "accuracy": summary["test_accuracy"]}
