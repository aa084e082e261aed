"""Random changes of a training clip: of its waveform, (samples,) -> (samples',), and of its map, SpecAugment."""

import math

import torch
from torch import Tensor, nn
from torchaudio.functional import add_noise
from torchaudio.transforms import FrequencyMasking
from torchvision.tv_tensors import Mask

from modalities.audio.options import Data
from vggx.options import given

WINDOW = 0.093  # seconds: librosa's 2048 samples at the rate of its own, 22,050 Hz
# how far an option may go; 0 is off, or [] where there are two numbers
GREATEST = {"time_shift": 60.0, "gain_db": 60.0, "pitch_shift": 24.0}
WITHIN = {"noise_snr": (-60.0, 120.0), "time_stretch": (0.25, 4.0)}


def check(options: Data) -> None:
    """
    Raises:
        ValueError: an augmentation of waveforms out of range, or where there are none, by the option's full name.
    """
    chosen = [name for name in (*GREATEST, *WITHIN) if getattr(options, name)]
    if options.cache_maps and chosen:
        off = " ".join(f"modality.data.{name}={0 if name in GREATEST else []}" for name in chosen)
        raise ValueError(
            f"modality.data.{chosen[0]}={getattr(options, chosen[0])} changes waveforms, and "
            f"modality.data.cache_maps=true hands out maps that are made already: take {off}, or leave out cache_maps; "
            "frequency_mask and time_mask act on maps"
        )
    for name, greatest in GREATEST.items():
        value = getattr(options, name)
        if value is not None and not 0 <= value <= greatest:
            raise ValueError(f"modality.data.{name}={value} must lie in 0..{greatest:g}; 0 is off")
    for name, (low, high) in WITHIN.items():
        pair = getattr(options, name)
        if pair and not (len(pair) == 2 and low <= pair[0] <= pair[1] <= high):
            raise ValueError(
                f"modality.data.{name}={pair} must be [least, greatest] within {low:g}..{high:g}; [] is off"
            )


def augment(x: Tensor, options: Data, mask: Mask | None = None) -> tuple[Tensor, Mask | None]:
    """(samples,) -> (samples',): what the options ask for, each change drawn anew from torch's generator.

    A mask along time, (T,), is shifted with the clip; of a clip at another speed it is still all of it.
    """
    rate = given(options.sample_rate, "sample_rate")
    if options.time_stretch:
        x = stretched(x, uniform(*options.time_stretch), rate)
    if options.pitch_shift:
        x = pitched(x, uniform(-options.pitch_shift, options.pitch_shift), rate)
    if options.time_shift:
        # by half of the clip at most: one pushed out altogether would be silence with a label
        most = min(options.time_shift * rate, len(x) / 2)
        by = int(uniform(-most, most))
        if mask is not None:
            mask = Mask(shifted(mask, round(by * len(mask) / len(x))))
        x = shifted(x, by)
    if options.noise_snr:
        x = add_noise(x, torch.randn_like(x), torch.tensor(uniform(*options.noise_snr)))
    if options.gain_db:
        x = x * 10 ** (uniform(-options.gain_db, options.gain_db) / 20)
    return x, mask


def uniform(low: float, high: float) -> float:
    return low + (high - low) * torch.rand(()).item()


def window(rate: int) -> int:
    """Samples of the window in which librosa stretches a sound: the power of 2 nearest to `WINDOW`."""
    return int(2 ** round(math.log2(WINDOW * rate)))


def stretched(x: Tensor, speed: float, rate: int) -> Tensor:
    """(samples,) -> (samples / speed,) at the same pitch; a clip shorter than a window stays as it is."""
    from librosa.effects import time_stretch  # half a second to import, and seldom needed

    if len(x) < window(rate):
        return x
    return torch.from_numpy(time_stretch(x.numpy(), rate=speed, n_fft=window(rate)))


def pitched(x: Tensor, semitones: float, rate: int) -> Tensor:
    """(samples,) -> (samples,), as long as before; a clip shorter than a window stays as it is."""
    from librosa.effects import pitch_shift

    if len(x) < window(rate):
        return x
    return torch.from_numpy(pitch_shift(x.numpy(), sr=rate, n_steps=semitones, n_fft=window(rate)))


def shifted(x: Tensor, samples: int) -> Tensor:
    """(samples,) -> (samples,): later by `samples`, or earlier where negative, with silence in the place left.

    Not rolled, so that no end of a sound comes before its beginning: the net reads along time.
    """
    silence = x.new_zeros(min(abs(samples), len(x)))
    return torch.cat([silence, x])[: len(x)] if samples >= 0 else torch.cat([x, silence])[-len(x) :]


class SpecAugment(nn.Module):
    """(N, F, T), valid (N, T) or None -> (N, F, T): bands and steps set to 0, the mean; in training mode alone.

    Every clip has masks of its own (Park et al. 2019, without the time warp). As torchaudio's, a mask is drawn
    uniformly from widths below the greatest, and then from the places where it fits.

    Args:
        bands, steps: the greatest width of a mask along frequency and along time; 0 is none.
        masks: how many of each.
    """

    def __init__(self, bands: int, steps: int, masks: int):
        super().__init__()
        self.frequency = FrequencyMasking(bands, iid_masks=True)
        self.steps, self.masks = steps, masks

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        if not self.training:
            return x
        lengths = torch.full((len(x),), x.shape[2], device=x.device) if valid is None else valid.sum(1)
        for _ in range(self.masks):
            x = self.frequency(x)
            x = x.masked_fill(self.hidden(lengths.float(), x.shape[2])[:, None], 0.0)
        return x

    def hidden(self, lengths: Tensor, steps: int) -> Tensor:
        """(N,) valid steps -> (N, steps), what a mask hides; torchaudio's own knows no length but the batch's."""
        widths = torch.rand_like(lengths) * lengths.clamp(max=self.steps)
        starts = (torch.rand_like(lengths) * (lengths - widths)).long()[:, None]
        at = torch.arange(steps, device=lengths.device)
        return (at >= starts) & (at < starts + widths.long()[:, None])


def spec_augment(options: Data, bands: int) -> SpecAugment | None:
    """The masks that the options ask for, on maps of so many bands; None where they ask for none.

    Raises:
        ValueError: a width or number of masks out of range, by the option's full name.
    """
    widest, longest = options.frequency_mask or 0, options.time_mask or 0
    if not 0 <= widest <= bands:
        raise ValueError(f"modality.data.frequency_mask={widest} must lie in 0..{bands}, the net's bands")
    if longest < 0:
        raise ValueError(f"modality.data.time_mask={longest} must be 0 or more steps")
    if options.masks < 1:
        raise ValueError(f"modality.data.masks={options.masks} must be 1 or more; frequency_mask=0 time_mask=0 is off")
    if not widest and not longest:
        return None
    return SpecAugment(widest, longest, options.masks)
