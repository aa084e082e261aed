"""vggx.inference.whole: the score map of a whole file, and its scores along time."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from tests.vggx.drawn import net_of_film, net_of_sound
from vggx.inference.whole import along_time, mean_logits, whole_scores
from vggx.weights import store


@pytest.fixture(scope="module")
def of_sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return net_of_sound(tmp_path_factory.mktemp("sound"))


def test_the_rows_are_the_softmax_of_the_nets_own_score_map(of_sound: Path, tmp_path: Path) -> None:
    path = str(tmp_path / "x.wav")
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 48_000), 8000)
    net, modality, _ = store.load_net(of_sound)
    x = torch.from_numpy(soundfile.read(path, dtype="float32")[0])
    with torch.no_grad():
        expected = net.score_map(x[None])[0]
    found = whole_scores(net, modality, path, window=100)
    torch.testing.assert_close(found.scores, expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(along_time(net.vgg, found.scores), expected.softmax(0).T, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(mean_logits(found.scores), net(x[None])[0].detach(), rtol=1e-4, atol=1e-4)
    assert (len(found.times), found.seconds) == (expected.shape[1], 6.0)


def test_scores_along_time_are_means_over_space_and_over_bands(of_sound: Path, tmp_path: Path) -> None:
    film, _, _ = store.load_net(net_of_film(tmp_path))
    scores = torch.randn(4, 5, 2, 3)
    torch.testing.assert_close(along_time(film.vgg, scores), scores.mean((2, 3)).softmax(0).T)
    sound, _, _ = store.load_net(of_sound)
    folded = torch.randn(4, 6, 5)  # classes, bands, time
    torch.testing.assert_close(along_time(sound.vgg, folded), folded.mean(1).softmax(0).T)
