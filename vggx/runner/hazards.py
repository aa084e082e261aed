"""what is to be run + the software below -> refused, or told, where that is known to be wrong or slow."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vggx.cost.ledger import Cost

# cuDNN 9.8 to 9.10 give wrong 3D convolutions in 16 bits (pytorch issue 163539), so torch does without it there, at
# several times the time and memory (166122, 166643); from 9.15 on it is right
RIGHT_CUDNN = 91500
INDEX_LIMIT = 2**31  # values of a map, which 32-bit indices cannot tell apart


def check_conv3d(dims: int, precision: str | None, device: torch.device) -> None:
    """
    Args:
        precision: of the trainer; None is 32-true.

    Raises:
        ValueError: 3D convolutions in 16 bits on a GPU, by a cuDNN that has them wrong.
    """
    version = torch.backends.cudnn.version() if device.type == "cuda" else None
    if dims == 3 and precision not in (None, "32-true") and version is not None and version < RIGHT_CUDNN:
        raise ValueError(
            f"trainer.precision={precision}: cuDNN {worded(version)} has 3D convolutions in 16 bits wrong, and torch "
            f"without it is many times slower; take cuDNN {worded(RIGHT_CUDNN)} or later (torch 2.11 brings 9.19), or "
            "trainer.precision=32-true"
        )


def worded(version: int) -> str:
    return f"{version // 10000}.{version // 100 % 100}"


def too_large(costs: Sequence[Cost], batch: int, device: torch.device) -> str | None:
    """What to say of a batch of which a map has more values than a GPU's kernels count in 32 bits; None of others."""
    largest = max(costs, key=lambda cost: cost.written)
    if device.type != "cuda" or largest.written * batch <= INDEX_LIMIT:
        return None
    return (
        f"a batch of {batch} has {largest.written * batch:,} values in {largest.name}, more than 2^31: many kernels "
        f"are tens of times slower there. modality.data.batch_size={INDEX_LIMIT // largest.written} stays below; "
        "trainer.accumulate_grad_batches makes up for it"
    )


def check_deterministic(net: nn.Module, x: Tensor) -> None:
    """Ask torch itself, by one backward pass in its deterministic mode, whether it has all the kernels.

    Args:
        net: on the device of x; left as it was.
        x: a batch of one sample.

    Raises:
        ValueError: naming the operation that has none.
    """
    before, training = torch.are_deterministic_algorithms_enabled(), net.training
    torch.use_deterministic_algorithms(True)
    net.eval()  # neither draws nor statistics
    try:
        weights = [weight for weight in net.parameters() if weight.requires_grad]
        torch.autograd.grad(F.cross_entropy(net(x), torch.zeros(len(x), dtype=torch.int64, device=x.device)), weights)
    except RuntimeError as error:
        if "deterministic" not in str(error):
            raise
        raise ValueError(
            f"trainer.deterministic=true: {str(error).split(', but')[0]}, on this device; leave it out, or train on a "
            "CPU (trainer.accelerator=cpu)"
        ) from error
    finally:
        net.train(training)
        torch.use_deterministic_algorithms(before)
