"""maps of the backbone -> a prediction."""

from collections.abc import Callable

from vggx.heads.classifier import ConvClassifier
from vggx.heads.pooled import PooledClassifier

Head = ConvClassifier | PooledClassifier
HEADS: dict[str, Callable[..., Head]] = {"fc": ConvClassifier.of_plan, "pooled": PooledClassifier.of_plan}

__all__ = ["HEADS", "ConvClassifier", "Head", "PooledClassifier"]
