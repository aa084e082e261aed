"""maps of the backbone -> a prediction."""

from vggx.heads.classifier import ConvClassifier
from vggx.heads.pooled import PooledClassifier

HEADS = {"fc": ConvClassifier.of_plan, "pooled": PooledClassifier.of_plan}

__all__ = ["HEADS", "ConvClassifier", "PooledClassifier"]
