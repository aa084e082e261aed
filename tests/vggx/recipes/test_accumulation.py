"""vggx.recipes.accumulation: how many batches make a step, and what would do where none does."""

import pytest

from vggx.recipes import accumulation


@pytest.mark.parametrize(
    ("batch", "batch_size", "devices", "given", "wanted"),
    [
        (256, 32, 1, None, 8),
        (256, 256, 1, None, 1),
        (256, 32, 4, None, 2),
        (256, 32, 1, 8, 8),
        (None, 32, 1, None, 1),
        (None, 32, 2, 3, 3),
    ],
)
def test_a_batch_is_made_up_over_devices_and_batches(
    batch: int | None, batch_size: int, devices: int, given: int | None, wanted: int
) -> None:
    assert accumulation(batch, batch_size, devices, given) == wanted


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            (256, 48, 1, None),
            "modality.data.batch_size=48 on one device do not divide recipe.batch=256: "
            "take modality.data.batch_size=32 or recipe.batch=240",
        ),
        (
            (256, 512, 1, None),
            "modality.data.batch_size=512 on one device are more than recipe.batch=256: "
            "take modality.data.batch_size=256 or recipe.batch=512",
        ),
        (
            (256, 128, 4, None),
            "modality.data.batch_size=128 on each of 4 devices are more than recipe.batch=256: "
            "take modality.data.batch_size=64 or recipe.batch=512",
        ),
        (
            (256, 32, 3, None),
            "modality.data.batch_size=32 on each of 3 devices do not divide recipe.batch=256: take recipe.batch=288",
        ),
        (
            (256, 32, 1, 4),
            "trainer.accumulate_grad_batches=4 contradicts recipe.batch=256, which modality.data.batch_size=32 on one "
            r"device makes up by 8: leave out one of the two \(recipe.batch=null\)",
        ),
    ],
)
def test_a_batch_that_cannot_be_made_up_is_refused_with_what_can(given: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        accumulation(*given)
