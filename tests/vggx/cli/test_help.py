"""vggx.cli.help: a line for each key."""

import pytest

from vggx import commands
from vggx.cli import help
from vggx.commands import COMMANDS
from vggx.keys import keys_of


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("data preview", "  count = 16                # samples: that are drawn"),
        ("predict", "  inputs = required         # files and folders, such as [a.wav,recordings]: what is to be named"),
        ("benchmark", "  modes = [train, infer]    # train or infer: what is timed"),
        ("cost", "  by = net                  # net, block or layer: what has a row"),
        ("cost", "  memory = false            # predict the peak of training at modality.data.batch_size"),
        ("cost budget", "  macs = null               # MACs, such as 200G: limit of one sample"),
        ("explain", "  class = null              # of each file its likeliest one where unset"),
    ],
)
def test_a_key_tells_default_unit_choices_and_help(name: str, line: str) -> None:
    assert line in help.of_command(name).splitlines()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_key_has_its_line(name: str) -> None:
    lines = help.of_command(name).splitlines()
    for key in keys_of(commands.command(name).options):
        (line,) = (line for line in lines if line.startswith(f"  {key.name} = "))
        assert line.endswith(key.help)
