"""One call of a command."""

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a command is called with besides its own keys; of a sweep (-m), one of its jobs.

    Attributes:
        config: all that was composed: the own keys, modality, recipe, trainer. An omegaconf.DictConfig.
        given: the keys among the user's words.
        number: which job of a sweep this is; None outside of one.
    """

    config: Any
    given: Set[str] = frozenset()
    number: int | None = None

    @overload
    def numbered(self, path: str) -> str: ...
    @overload
    def numbered(self, path: str | None) -> str | None: ...
    def numbered(self, path: str | None) -> str | None:
        """costs.csv -> costs-3.csv for the fourth job of a sweep, so that none writes over another's."""
        if path is None or self.number is None:
            return path
        target = Path(path)
        return str(target.with_name(f"{target.stem}-{self.number}{target.suffix}"))
