"""What a net costs is told without torch, in less CPU time than importing torch takes."""

import subprocess
import sys

import pytest

COMMANDS = [
    ["cost", "modality=image", "modality.net.plan=D"],
    ["cost"],
    ["cost", "modality=video", "by=layer"],
    ["cost", "growth", "modality=audio"],
    ["cost", "budget", "modality=video", "find=frames", "macs=200e9"],
]
CALL = "import sys; sys.argv = ['vggx', *{words}]; from vggx.cli import main; code = main(); " \
       "assert 'torch' not in sys.modules; sys.exit(code)"  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words))
def test_torch_is_not_imported(words: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", CALL.format(words=words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "MACs" in done.stdout
