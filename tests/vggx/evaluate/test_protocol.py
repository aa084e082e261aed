"""vggx.evaluate.protocol: words of an evaluation, filled in and refused."""

import pytest

from vggx.evaluate.protocol import Capabilities, Protocol, asked

IMAGES = Capabilities(pictures=True, size=224, usual=256, least=224, flips=True)
CLIPS = Capabilities(pictures=True, size=112, usual=128, least=112, flips=False, along=True)
SOUND = Capabilities(pictures=False)


def test_the_papers_fifty_crops_a_scale() -> None:
    assert asked("crops", [256, 384, 512], None, None, IMAGES) == Protocol("crops", (256, 384, 512), True, 5)


def test_what_is_not_said_is_the_nets_to_say() -> None:
    assert asked("dense", None, None, None, IMAGES) == Protocol("dense", (256,), True)
    assert asked("crops", None, None, None, CLIPS) == Protocol("crops", (128,), False, None)
    assert asked("crops", None, True, 3, CLIPS) == Protocol("crops", (128,), True, 3)
    assert asked("dense", None, None, None, SOUND) == Protocol("dense")
    assert asked("single", None, None, None, IMAGES) == Protocol("single")


def test_the_users_word_on_mirror_images_wins() -> None:
    assert asked("dense", None, False, None, IMAGES) == Protocol("dense", (256,), False)
    assert asked("dense", None, True, None, CLIPS) == Protocol("dense", (128,), True)


@pytest.mark.parametrize("name", ["dense", "crops", "both"])
def test_the_size_of_training_itself_is_a_scale(name: str) -> None:
    """One crop can be cut out of it, and the score map has its one place."""
    assert asked(name, [224], None, None, IMAGES).scales == (224,)


def test_both_are_its_two_parts() -> None:
    dense, crops = asked("both", [256, 384], True, 5, IMAGES).parts()
    assert dense == Protocol("dense", (256, 384), True)
    assert crops == Protocol("crops", (256, 384), True, 5)
    assert dense.parts() == [dense]


@pytest.mark.parametrize(
    ("protocol", "words"),
    [
        (Protocol(), "single"),
        (Protocol("dense", (256, 384, 512), True), "dense 256,384,512 flip"),
        (Protocol("crops", (256,), False, 5), "crops 256 5x5"),
    ],
)
def test_words(protocol: Protocol, words: str) -> None:
    assert protocol.words() == words


@pytest.mark.parametrize(
    ("name", "scales", "flip", "grid", "allowed", "message"),
    [
        ("densely", None, None, None, IMAGES, "protocol must be one of single, dense, crops, both, not 'densely'"),
        ("single", [256], None, None, IMAGES, r"scales=\[256\] goes with protocol=dense"),
        ("single", None, True, None, IMAGES, "flip=True goes with"),
        ("crops", None, None, 5, SOUND, "grid=5: sound has no pixels"),
        ("dense", [256], None, None, SOUND, r"scales=\[256\]: sound has no pixels"),
        ("dense", None, None, 5, IMAGES, "grid=5 says where crops are cut, and protocol=dense cuts none"),
        ("crops", None, None, 0, IMAGES, "grid must be 1 or more, not 0"),
        ("crops", [], None, None, IMAGES, "scales must be one length or more"),
        ("crops", [256, 256], None, None, IMAGES, "each once"),
        ("crops", [256, 200], None, None, IMAGES, "200 is smaller than modality.data.size=224"),
        ("dense", [192], None, None, IMAGES, "192 is smaller than 224, the least from which the score map"),
        ("both", [192], None, None, CLIPS.__class__(True, 112, 128, 224), "192 is smaller than 224"),
    ],
)
def test_what_cannot_be_followed_is_refused_by_name(name, scales, flip, grid, allowed, message) -> None:
    with pytest.raises(ValueError, match=message):
        asked(name, scales, flip, grid, allowed)
