"""The built wheel, installed elsewhere, works from an empty folder: it carries the configs."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_wheel_works_in_another_folder(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wheels, site, elsewhere = tmp_path / "wheels", tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    build = ["wheel", str(ROOT), "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels)]
    subprocess.run([*pip, *build], check=True, cwd=elsewhere)
    (wheel,) = wheels.iterdir()
    subprocess.run([*pip, "install", "--no-deps", "--target", str(site), str(wheel)], check=True)

    def python(*words: str) -> str:
        command = [sys.executable, *words]
        done = subprocess.run(
            command, cwd=elsewhere, env=os.environ | {"PYTHONPATH": str(site)}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = python("-c", "import vggx, modalities; print(vggx.__file__); print(modalities.__file__)").split()
    assert all(Path(place).is_relative_to(site) for place in where)
    assert not (site / "configs").exists()
    rows = json.loads(python("-m", "vggx", "cost", "format=json"))["rows"]
    assert {row["modality"] for row in rows} == {"image", "video", "audio"}
    assert "plan: null" in python("-m", "vggx", "train", "modality=audio", "--cfg", "job")
    quick = ["trainer.max_epochs=1", "trainer.limit_train_batches=2", "modality.data.num_workers=0"]
    python("-m", "vggx", "train", "modality=audio", *quick)
    (run,) = (elsewhere / "runs/audio").iterdir()
    assert json.loads((run / "summary.json").read_text())["epochs"] == 1
    assert any((run / "tensorboard").iterdir())
