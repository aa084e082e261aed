"""What the command line knows of a command."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vggx.keys.field import REQUIRED, keys_of

NEEDED = "???"  # OmegaConf's word for a value that must be given


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command's purpose and keys.

    Attributes:
        purpose: in a line.
        options: dataclass of its own keys.
        groups: of configs that it chooses from, {group: what is chosen where the user says nothing}: `NEEDED`, or None
            where nothing is. Each stands over those before it. Without modality it takes a net by its card, and nothing
            else of how that was trained.
        required: it runs only with one key of each of these.
        examples: the first also stands in the overview of all commands.
    """

    purpose: str
    options: type
    groups: Mapping[str, str | None] = field(default_factory=dict)
    required: Sequence[tuple[str, ...]] = ()
    examples: Sequence[str]

    def defaults(self) -> dict[str, Any]:
        """{key: default}, `NEEDED` where a value must be given."""
        return {key.name: NEEDED if key.default is REQUIRED else key.default for key in keys_of(self.options)}

    def config(self) -> dict[str, Any]:
        """What Hydra composes: the own keys under the groups; a past run's values under an experiment's alone."""
        groups = dict(self.groups)
        experiment = {"experiment": groups.pop("experiment")} if "experiment" in groups else {}
        if "modality" in groups:
            groups["past"] = None
        chosen = [{group: choice} for group, choice in (groups | experiment).items()]
        return {"defaults": ["_self_", *chosen, "hydra_settings"], **self.defaults()}
