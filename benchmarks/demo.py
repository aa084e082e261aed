"""Train, evaluate and predict on the embedded data of all three modalities, by the commands a user would type.

And tell what the nets cost, whether that of clips sees motion, and make one of clips of that of images, with proof.
"""

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

from vggx.data.embedded import cache_folder
from vggx.report.tables import show

RUNS = Path("runs/demo")
# modality -> how its embedded data are called, and how their files end
DATA = {"image": ("digits", "png"), "video": ("moving_digits", "mp4"), "audio": ("tones", "wav")}


def vggx(*words: str) -> str:
    """Run a command, show it and what it prints, and give back the latter."""
    print(f"\n$ vggx {shlex.join(words)}", flush=True)
    process = subprocess.Popen([sys.executable, "-m", "vggx", *words], stdout=subprocess.PIPE, text=True)
    lines = []
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        lines.append(line)
    if process.wait() != 0:
        sys.exit(process.returncode)
    return "".join(lines)


def some_files(name: str, ending: str) -> list[str]:
    """The first test file of each of three classes."""
    folder = max(cache_folder().glob(f"{name}-*"))
    return [str(min(place.glob(f"*.{ending}"))) for place in sorted((folder / "test").iterdir())[:3]]


def main() -> None:
    started = time.perf_counter()
    rows = []
    for modality, (name, ending) in DATA.items():
        begun = time.perf_counter()
        printed = vggx("train", f"modality={modality}", f"runs={RUNS}")
        run = printed.rstrip().splitlines()[-1].removeprefix("run: ")
        vggx("evaluate", f"run={run}", *(["time_probe=true"] if modality == "video" else []))
        vggx("predict", f"run={run}", f"inputs=[{','.join(some_files(name, ending))}]", "top=3")
        summary = json.loads((Path(run) / "summary.json").read_text())
        rows.append(
            {
                "modality": modality,
                "data": name,
                "input": summary["input_shape"],
                "params": summary["params"],
                "MACs": summary["macs"],
                "test_accuracy": summary["test_accuracy"],
                "seconds": time.perf_counter() - begun,
                "run": run,
            }
        )
    print()
    for row in rows:
        vggx("cost", f"run={row['run']}", "by=block")
    image = next(row["run"] for row in rows if row["modality"] == "image")
    vggx("inflate", f"source={image}", f"target={RUNS}/inflated.safetensors", "modality=video", "overwrite=true")
    show(rows, "Trained, evaluated and tried just now; each run folder has curves.png, confusion.png, summary.json")
    print(f"{time.perf_counter() - started:.0f} seconds in all")


if __name__ == "__main__":
    main()
