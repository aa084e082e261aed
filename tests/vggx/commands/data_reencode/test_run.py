"""`vggx data reencode`: what it prints and where, its exit code, and the words it gives to train with."""

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from omegaconf import OmegaConf

from vggx import configs, settings

WORDS = ["data", "reencode", "modality=video", "short_side=64", "workers=0"]


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Six films in two classes, and one that is none; the classes stand in another order than their names."""
    root = tmp_path / "clips, = [old]"
    root.mkdir()
    with av.open(str(root / "0.avi"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.height, stream.width, stream.pix_fmt = 64, 96, "yuv420p"
        for number in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((64, 96, 3), number * 50, np.uint8))))
        container.mux(stream.encode())
    for number in range(1, 6):
        shutil.copy(root / "0.avi", root / f"{number}.avi")
    (root / "6.avi").write_text("words")
    rows = [f"{number}.avi,{('it is', 'is $x')[number % 2]},{'val' if number < 2 else 'train'}" for number in range(7)]
    (root / "labels.csv").write_text("\n".join(["path,label,split", *rows]) + "\n")
    return root


def test_a_folder_is_encoded_and_the_gain_is_told(vggx: Any, clips: Path) -> None:
    data = [f"modality.data.root={clips}", "modality.data.classes=['it is','is $x']"]
    answer = vggx(*WORDS[:4], *data, "modality.data.bad_limit=0.5", "target=new [clips]", "workers=1")
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert lines[0].startswith(f"data: {clips} (source manifest, guessed): 2 classes, 5 train, 2 val")
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if "│" in line]
    assert [row[:3] for row in cells] == [["before", "6", "30"], ["after", "6", "30"]]
    report = json.loads(Path("new [clips]/reencode.json").read_text())
    assert f"speed: {report['gain']['ratio']:.2f} times as many clips a second" in answer.out
    assert "(random clips of 16 frames x 2 of 6 files, median of 5 repeats in turn)" in answer.out
    assert f"  {clips}/6.avi: is not a readable video" in answer.out
    # what it says to train with is read by the next command, through a shell, as the same data
    words = shlex.split(lines[-1].removeprefix("train on them: "))
    found = json.loads(vggx("data", "stats", "modality=video", *words, "measure=false", "format=json").out)
    assert found["files"] == {"train": 4, "val": 2, "test": 0}
    assert [row["class"] for row in found["classes"]] == ["it is", "is $x"]
    assert found["words"][-1] == {"fact": "decoder", "value": "decord", "files": 6, "share": 1.0}


def test_too_many_bad_files_are_no_success(vggx: Any, clips: Path) -> None:
    answer = vggx(*WORDS, f"modality.data.root={clips}", "target=new")
    assert answer.code == 1
    assert "vggx data reencode: error: 1 files could not be encoded, of train more than " in answer.err
    assert answer.err.strip().endswith("modality.data.bad_limit=0.05; new lacks them")
    assert len(Path("new/labels.csv").read_text().splitlines()) == 7


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["modality=video"], 2, "target=... is required"),
        (["target=new"], 2, "modality=... or experiment=... or run=... is required"),
        (["modality=audio", "target=new"], 1, "modality=audio: only videos are encoded anew, modality=video"),
        (["modality=video", "target=new", "overwrite=yes"], 1, "overwrite must be true or false, not yes"),
        (
            ["modality=video", "target=new", "workers=many"],
            1,
            "workers must be a whole number of processes, 0 or more, not many",
        ),
        (["modality=video", "target=new", "shortside=64"], 2, "no key 'shortside'; did you mean short_side?"),
    ],
)
def test_a_mistake_is_named(vggx: Any, words: list[str], code: int, message: str) -> None:
    answer = vggx("data", "reencode", *words)
    assert answer.code == code
    assert message in answer.err
    assert "Traceback" not in answer.err
    assert not Path("new").exists()


def test_of_a_run_the_data_are_those_it_was_trained_on(vggx: Any, clips: Path) -> None:
    config = OmegaConf.create({"modality": configs.load("modality/video")})
    OmegaConf.update(config, "modality.data", {"root": str(clips), "classes": ["it is", "is $x"], "frames": 3})
    Path("run").mkdir()
    Path("run/config.yaml").write_text(settings.to_yaml(settings.resolve(config)))
    answer = vggx(
        "data", "reencode", "run=run", "target=new", "short_side=64", "workers=0", "modality.data.bad_limit=1"
    )
    assert answer.code == 0, answer.err
    report = json.loads(Path("new/reencode.json").read_text())
    assert report["options"]["root"] == str(clips)
    assert report["gain"]["clip_frames"] == 3
    assert report["train_with"] == {"modality.data.classes": ["it is", "is $x"]}


def test_every_job_of_a_sweep_has_a_target_of_its_own(vggx: Any, clips: Path) -> None:
    clips.rename("clips")  # in a sweep a comma parts values
    words = ["modality.data.root=clips", "modality.data.bad_limit=1", "target=new", "crf=18,40"]
    assert vggx(*WORDS[:2], "-m", *WORDS[2:], *words).code == 0
    found = [json.loads(Path(f"new-{job}/reencode.json").read_text())["options"]["crf"] for job in (0, 1)]
    assert found == [18, 40]
