"""The figures of the README are those of the committed results."""

import json
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_accuracy_table() -> None:
    rows = json.loads((ROOT / "benchmarks/results/accuracy_cpu.json").read_text())["rows"]
    assert len(rows) == 9
    for row in rows:
        low, high = row["interval_95"]
        cells = f"{row['accuracy']:.4f} | {low:.3f} to {high:.3f} | {row['train_seconds']:.0f} |"
        line = next(line for line in README.splitlines() if line.startswith(f"| {row['data']} | {row['modality']} |"))
        assert line.endswith(cells)
        assert f"| {row['macs']:,} |" in line


def test_tables_of_speakers_and_views() -> None:
    rows = {row["data"]: row for row in json.loads((ROOT / "benchmarks/results/accuracy_cpu.json").read_text())["rows"]}
    speakers, views = rows["spoken_digits_speaker"]["folds"], rows["fight_surv"]["views"]
    assert len(speakers) == 6
    assert f"the mean is {rows['spoken_digits_speaker']['without_floor_and_mean']['accuracy']:.4f}." in README
    for name, found in speakers.items():
        values = ", ".join(f"{value:.3f}" for value in found)
        assert f"| {name} | {values} | {sum(found) / len(found):.3f} |" in README
    for name, made in views.items():
        low, high = made["interval_95"]
        values = ", ".join(f"{value:.3f}" for value in made["accuracies"])
        assert f"| {name} | {values} | {made['accuracy']:.4f} | {low:.3f} to {high:.3f} |" in README


def test_the_commands_it_names_exist() -> None:
    from vggx import configs
    from vggx.cli import keys
    from vggx.cli.arguments import parted
    from vggx.commands import COMMANDS

    words = [shlex.split(line, comments=True) for line in README.splitlines() if line.startswith("    vggx ")]
    assert len(words) >= 8
    for _, *line in words:
        command, rest = parted(line)
        assert command in COMMANDS
        known = keys.known(command, None)
        given = [word.partition("=")[0] for word in rest if "=" in word]
        assert [key for key in given if key not in known] == []
    for place in (
        "modalities/image/README.md",
        "docs/architecture.md",
        "docs/cost.md",
        "docs/add_a_block.md",
        "CONTRIBUTING.md",
    ):
        assert f"({place})" in README
        assert (ROOT / place).is_file()
    assert configs.folder().is_dir()
