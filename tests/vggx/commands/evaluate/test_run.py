"""vggx evaluate: its words, several runs, and the table on the screen."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from vggx.cli import main

QUICK = ["modality.data.num_workers=0", "logger=none", "trainer.max_epochs=1"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs, of [images]")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["vggx", "train", "modality=image", f"runs={folder}", *QUICK])
        assert main() == 0
    (run,) = (folder / "image").iterdir()
    return run


def test_a_protocol_and_its_table(vggx: Any, run: Path) -> None:
    answer = vggx("evaluate", f"run={run}", "protocol=dense", "scales=[32,40]", "flip=true")
    assert answer.code == 0, answer.err
    assert "dense 32,40 flip" in answer.out
    assert "Wilson's 95 % interval" in answer.out
    assert f"files: {run}/evaluate_test_dense_32-40_flip*" in answer.out.replace("\n", "")
    assert (run / "protocols_test.md").is_file()


def test_several_runs_in_a_list(vggx: Any, run: Path, tmp_path: Path) -> None:
    first, second = (shutil.copytree(run, tmp_path / name) for name in ("one", "two"))
    answer = vggx("evaluate", f"runs=[{first},{second}]", "protocol=dense", "split=val", "modality.data.batch_size=8")
    assert answer.code == 0, answer.err
    assert (first / "evaluate_val_dense_32_and_two.json").is_file()
    assert not list(second.glob("evaluate_val*"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run={run}", "runs=[{run},{run}]"], "run=... is one net and runs=[...] are several: give one of the two"),
        (["runs={run}"], "runs must be a list of runs, such as [RUN1,RUN2]"),
        (["run={run}", "protocol=tencrop"], "protocol must be one of single, dense, crops, both, not 'tencrop'"),
        (
            ["run={run}", "protocol=dense", "scales=wide"],
            "scales must be whole numbers of pixels, 1 or more, such as [256,384,512], not wide",
        ),
        (
            ["run={run}", "protocol=dense", "scales=[0]"],
            "scales must be whole numbers of pixels, 1 or more, such as [256,384,512], not [0]",
        ),
        (
            ["run={run}", "protocol=crops", "grid=5x5"],
            "grid must be a whole number of places along each side, such as 5, not 5x5",
        ),
        (["run={run}", "protocol=dense", "flip=maybe"], "flip must be true or false, not maybe"),
        (["run={run}", "protocol=dense", "scales=7"], "scales: 7 is smaller than 8, the least from which"),
        (["run={run}", "protocol=dense", "curve=3"], "curve must be true or false, not 3"),
        (["run={run}", "protocl=dense"], "there is no key 'protocl'; did you mean protocol?"),
        (["split=val"], "run=... or runs=... is required"),
    ],
)
def test_words_that_are_refused(vggx: Any, run: Path, tmp_path: Path, words: list[str], message: str) -> None:
    plain = shutil.copytree(run, tmp_path / "run")
    answer = vggx("evaluate", *(word.format(run=plain) for word in words))
    assert answer.code in (1, 2)
    assert message in answer.err
