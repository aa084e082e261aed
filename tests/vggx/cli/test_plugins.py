"""plugins=[...]: a user's own parts by the command line, and never by a run folder."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vggx.cli import plugins
from vggx.spec.layer import KINDS
from vggx.spec.parts import EXTRAS, HEADS

DOCS = Path(__file__).parents[3] / "docs"
QUICK = (
    "modality=image", "modality.net.extra=gate", "modality.net.head=bottleneck", "modality.net.head_options.width=6",
    "trainer.limit_train_batches=2", "trainer.limit_val_batches=1", "trainer.limit_test_batches=1", "logger=none",
    "modality.data.num_workers=0",
)  # fmt: skip


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """The parts of docs/add_a_block.md and docs/add_a_head.md as files, unknown before and after."""
    monkeypatch.chdir(tmp_path)
    made = []
    for page in ("add_a_block", "add_a_head"):
        (code,) = re.findall(r"```python\n(.*?)```", (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.S)
        made.append(tmp_path / f"{page}.py")
        made[-1].write_text(code, encoding="utf-8")
    yield made
    forgotten()


def forgotten() -> None:
    for table, name in ((KINDS, "gate"), (EXTRAS, "gate"), (HEADS, "bottleneck")):
        table.pop(name, None)


def test_a_net_of_ones_own_is_trained_gone_on_with_measured_and_costed(files: list[Path], vggx: Any) -> None:
    given = f"plugins=[{','.join(path.name for path in files)}]"
    made = vggx("train", *QUICK, "trainer.max_epochs=1", given)
    assert made.code == 0, made.err
    run = re.findall(r"run: (\S+)", made.out)[-1]
    assert "plugins" not in Path(run, "config.yaml").read_text(encoding="utf-8")
    forgotten()
    refused = vggx("evaluate", f"run={run}")
    assert refused.code != 0
    assert "plugins=" in refused.err
    assert vggx("evaluate", f"run={run}", given).code == 0
    cost = vggx("cost", f"run={run}", "by=layer", "format=csv", given)
    assert cost.code == 0, cost.err
    assert set(re.findall(r"\b(gate1|gate3|squeeze|answer)\b", cost.out)) == {"gate1", "gate3", "squeeze", "answer"}
    more = vggx("train", f"resume={run}", "trainer.max_epochs=2", given)
    assert more.code == 0, more.err
    assert "epoch 2/2" in more.out


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("part.txt", "", r"plugins=part.txt must be a file of Python"),
        ("no.py", None, r"plugins=no.py does not exist"),
        ("bad.py", "1 / 0", r"plugins=bad.py cannot be loaded: ZeroDivisionError"),
    ],
)
def test_what_is_no_plugin_is_refused(
    name: str, text: str | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vggx: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    if text is not None:
        Path(name).write_text(text)
    answer = vggx("cost", "modality=image", f"plugins={name}")
    assert answer.code == 2
    assert re.search(message, answer.err)


def test_words_are_parted() -> None:
    assert plugins.parted(["a=1", "plugins=[x.py, y.py]", "plugins='z.py'"]) == (["x.py", "y.py", "z.py"], ["a=1"])
