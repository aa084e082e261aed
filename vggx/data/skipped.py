"""what could not be read -> one list of a split's unreadable files: each counted and told once, and not too many."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from vggx.data.listing import BadFile


class SkippedFiles:
    """The unreadable files of a split, {path: reason} in `found`.

    Args:
        split: what a message calls them, such as test.
        files: how many the split has.
        limit: greatest share of them.
        on_error: skip, or raise at the first file that `skipping` meets; a dataset has its own.
        told: whether each is printed.
    """

    def __init__(
        self, split: str, files: int, *, limit: float = 1.0, on_error: str = "skip", told: bool = True
    ) -> None:
        self.split, self.files, self.limit, self.on_error, self.told = split, files, limit, on_error, told
        self.found: dict[str, str] = {}

    def note(self, bad: Mapping[str, str]) -> None:
        """Take in what a batch says of its files, {path: reason}.

        Raises:
            ValueError: more files than the limit allows.
        """
        for path, reason in bad.items():
            if path not in self.found:
                self.found[path] = reason
                if self.told:
                    print(f"skipped a {self.split} file: {reason}", flush=True)
        if len(self.found) > self.limit * self.files:
            raise ValueError(
                f"{len(self.found)} of {self.files} {self.split} files cannot be read, more than "
                f"modality.data.bad_limit={self.limit}; the first: {self.first()}"
            )

    @contextmanager
    def skipping(self, path: str) -> Iterator[None]:
        """Note a file that proves unreadable inside, and go on behind.

        Raises:
            BadFile: it does, and files are not to be skipped.
        """
        try:
            yield
        except BadFile as error:
            if self.on_error == "raise":
                raise
            self.note({path: str(error)})

    def first(self) -> str:
        return next(iter(self.found.values()))

    def none_left(self) -> ValueError:
        """What to raise where no file can be read."""
        return ValueError(f"none of the {self.files} {self.split} files can be read; the first: {self.first()}")

    def listed(self) -> list[dict[str, str]]:
        """Rows {split, path, reason}."""
        return [{"split": self.split, "path": path, "reason": reason} for path, reason in self.found.items()]
