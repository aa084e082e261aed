"""length of a file -> frame numbers of its clips, drawn by pytorchvideo's samplers with frames as their unit."""

from fractions import Fraction

from pytorchvideo.data.clip_sampling import (
    ClipSampler,
    ConstantClipsPerVideoSampler,
    RandomClipSampler,
    UniformClipSampler,
)

SHORT = ("repeat", "loop", "error")


def random_start(length: int, span: int) -> int:
    """A first frame from which a clip of `span` frames fits, all equally likely; 0 in a file shorter than that."""
    # one more frame than there are, because the sampler draws a real number that is then rounded down
    start = RandomClipSampler(span)(0, max(length, span) + 1, {}).clip_start_sec
    return min(int(start), max(0, length - span))


def even_starts(length: int, span: int, clips: int | str) -> list[int]:
    """The first frames of the clips that a file is evaluated by.

    Args:
        clips: a number of clips, evenly spread, one alone in the middle; or "uniform": end to end, the last one
            ending with the file.
    """
    length = max(length, span)
    if clips == "uniform":
        return walk(UniformClipSampler(span, backpad_last=True), length)
    if not isinstance(clips, int) or clips < 1:
        raise ValueError(f"modality.data.clips must be 1 or more, or uniform, not {clips!r}")
    if clips == 1:
        # of two clips the sampler puts the first at the start and the second in the middle
        return walk(ConstantClipsPerVideoSampler(span, 2), length)[-1:]
    return walk(ConstantClipsPerVideoSampler(span, clips), length)


def walk(sampler: ClipSampler, length: int) -> list[int]:
    starts, end, last = [], Fraction(0), False
    while not last:
        info = sampler(end, Fraction(length), {})
        starts.append(int(info.clip_start_sec))
        end, last = info.clip_end_sec, info.is_last_clip
    return starts


def frame_numbers(start: int, span: int, stride: int, length: int, short: str) -> list[int]:
    """The numbers of a clip, `stride` apart over `span`; past the end the last frame again, or the file anew.

    Raises:
        ValueError: the file is shorter than a clip and `short` is "error".
    """
    numbers = list(range(start, start + span, stride))
    if numbers[-1] < length:
        return numbers
    if short == "error":
        raise ValueError(f"has {length} frames, a clip takes {span}")
    return [number % length if short == "loop" else min(number, length - 1) for number in numbers]
