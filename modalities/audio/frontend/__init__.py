"""(N, samples) -> (N, F, T): the front-ends by name, a free one and the published ones."""

from typing import Any

from modalities.audio.framing import check_settings
from modalities.audio.frontend.centred import CentredMel, LibrosaMel, LogMel, PannsMel
from modalities.audio.frontend.framed import AstMel, VggishMel
from modalities.audio.frontend.frontend import Frontend

FRONTENDS: dict[str, type[Frontend]] = {
    "logmel": LogMel,
    "vggish": VggishMel,
    "panns": PannsMel,
    "ast": AstMel,
    "librosa": LibrosaMel,
}


def make(name: str, *, least: int = 1, **settings: Any) -> Frontend:
    """The front-end of that name.

    Args:
        name: a key of `FRONTENDS`.
        least: the fewest steps that a clip gives.
        settings: sample_rate, n_fft, hop, mels, f_min, f_max, mel_scale; those left out are the front-end's own.

    Raises:
        ValueError: an unknown name, a setting that the published front-end has otherwise, or as `LogMel`.
    """
    check_settings(name, settings)
    kind = FRONTENDS[name]
    return kind(**({} if kind.PUBLISHED else settings), least=least)


__all__ = ["FRONTENDS", "AstMel", "CentredMel", "Frontend", "LibrosaMel", "LogMel", "PannsMel", "VggishMel", "make"]
