"""options -> the spec of a net in dims 2."""

from modalities.image.options import Data, Net
from vggx.planned import plan_spec
from vggx.spec.net import NetSpec


def spec(options: Net, data: Data, outputs: int) -> NetSpec:
    return plan_spec(data.input_shape(), outputs, **options.plan_options())
