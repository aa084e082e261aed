"""What makes torchvision's narrow nets."""

from collections.abc import Callable

import pytest
from torchvision.models import vgg

from tests.vggx import published

Narrow = Callable[..., vgg.VGG]


@pytest.fixture(scope="session")
def narrow() -> Narrow:
    return published.narrow
