"""modalities.audio.data: options, sources and real files."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from modalities.audio import tones
from modalities.audio.data import AudioData, LoadClip
from tests.modalities.audio.sounds import counted, loads, numbers_of, options
from vggx.data.listing import BadFile, Sample

MEDIA = Path(__file__).parents[3] / "../shared/data/media"
ABSENT = pytest.param(None, marks=pytest.mark.skip(reason="needs the real files in ../shared/data, which are not here"))
FILES = sorted(path for path in MEDIA.glob("*/*") if path.is_file()) or [ABSENT]


@pytest.mark.parametrize("seconds", [0.0, -1.0, 1e-6])
def test_a_clip_has_a_length(seconds: float) -> None:
    with pytest.raises(ValueError, match=rf"modality\.data\.seconds={seconds} is no length of a clip"):
        AudioData(options(seconds=seconds))


@pytest.mark.parametrize("clips", [0, -1])
def test_an_impossible_number_of_clips_is_refused(clips: int) -> None:
    with pytest.raises(ValueError, match=rf"modality\.data\.clips must be 1 or more, not {clips}"):
        AudioData(options(clips=clips))


def test_other_options_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.channels must be mix or mono, not 'left'"):
        AudioData(options(channels="left"))
    with pytest.raises(ValueError, match=r"modality\.data\.max_seconds=0 allows no file"):
        AudioData(options(max_seconds=0))


def test_several_clips_of_a_file(tmp_path: Path) -> None:
    dataset = AudioData(options(clips=3)).new_dataset([Sample(str(counted(tmp_path / "a.wav", 20_000)))])
    assert [numbers_of(dataset[index]["input"])[0] for index in range(len(dataset))] == [1, 6001, 12001]


def test_a_source_without_its_root() -> None:
    with pytest.raises(ValueError, match=r"modality\.data\.source=folder needs modality\.data\.root=FOLDER"):
        AudioData(options(source="folder")).find()


def test_a_misspelt_source(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must be one of folder, manifest, .*, tones, not 'tone'"):
        AudioData(options(root=str(tmp_path), source="tone")).find()


def test_the_embedded_tones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VGGX_CACHE", str(tmp_path))
    monkeypatch.setattr(tones, "FILES", {"train": 2, "val": 1, "test": 1})
    data = AudioData(options(source="tones", sample_rate=8000, seconds=1.0))
    assert data.describe() == "embedded (source tones): 10 classes, 20 train, 10 val, 10 test"
    assert data.find().classes == sorted(tones.GESTURES)
    assert next(iter(data.train_dataloader())).input.shape == (4, 8000)


# real files


def test_the_spoken_digits_by_their_manifest(shared_data: Path) -> None:
    data = AudioData(options(root=str(shared_data / "fsdd"), sample_rate=8000, seconds=1.0))
    assert data.describe().endswith("(source manifest, guessed): 10 classes, 2300 train, 400 val, 300 test")
    batch = next(iter(data.test_dataloader()))
    assert batch.target.tolist() == [0, 0, 0, 0]
    for x, length, sample in zip(batch.input, batch.lengths, data.find().splits["test"], strict=False):
        whole, _ = soundfile.read(sample.path, dtype="float32")
        assert length == len(whole) < 8000
        assert x[:length].numpy().tolist() == whole.tolist()
        assert not x[length:].any()


def test_a_speaker_of_the_spoken_digits_is_held_out(shared_data: Path) -> None:
    root = str(shared_data / "fsdd")
    splits = AudioData(options(root=root, fold="george", fold_column="speaker")).find().splits
    speakers = {split: {Path(sample.path).stem.split("_")[1] for sample in splits[split]} for split in splits}
    assert speakers["test"] == {"george"}
    assert len(splits["test"]) == 500
    assert "george" not in speakers["train"] | speakers["val"]
    assert len(splits["train"]) + len(splits["val"]) == 2500


@pytest.mark.parametrize(
    "name",
    [
        "speechbrain__example2.flac",
        "torch-audiomentations__perfect-alley1.ogg",
        "audiocraft__sirens_and_a_humming_engine_approach_and_pass.mp3",
        "torchcodec__sine_mono_s32_8000.wav",
    ],
)
@pytest.mark.parametrize("rate", [8000, 22050])
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning")
def test_real_files_against_librosas_reading(shared_data: Path, name: str, rate: int) -> None:
    import librosa

    path = shared_data / "media" / "audio" / name
    found = loads(path, sample_rate=rate, seconds=1.0)
    whole, _ = librosa.load(path, sr=None)
    own = soundfile.info(path).samplerate
    start = (len(whole) - own) // 2
    expected = librosa.resample(whole[start : start + own], orig_sr=own, target_sr=rate, res_type="soxr_hq")
    assert found.shape == (rate,)
    # an MP3 that is entered in the middle lacks a little of what came before
    assert np.abs(found.numpy() - expected[:rate]).max() < (1e-3 if path.suffix == ".mp3" else 1e-4)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name if path else "none")
def test_every_real_file_gives_a_clip_or_is_refused_by_name(path: Path) -> None:
    load = AudioData(options()).load(False)
    assert isinstance(load, LoadClip)
    if path.parent.name == "audio":
        x = load(Sample(str(path)), 0, 1)[0]
        assert x.shape == (8000,)
        assert x.abs().max() > 0
    else:
        with pytest.raises(BadFile, match=path.name):
            load(Sample(str(path)), 0, 1)[0]
