"""How many steps a net waits at ln K, by how far its logits spread when it begins: the thresholds of `vggx probe`.

    python benchmarks/plateau.py

The 8 x 8 digits of scikit-learn, enlarged to 16 x 16; SGD with momentum 0.9 at a rate of 0.05, batches of 64. All
kernels of a net drawn by Glorot's scheme are multiplied by one factor, by which its logits get the standard deviation
wanted. Writes benchmarks/results/plateau.json and the table of docs/probe.md; a minute on one core.
"""

import math
import platform
from pathlib import Path

import torch
from pages import fill
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

from vggx import files
from vggx.net import VGG
from vggx.report.rows import markdown

HERE = Path(__file__).parent
PLANS = ("micro", "mini", "micro4")
SPREADS = (100.0, 30.0, 10.0, 3.0, 1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-6)
STEPS, CLASSES = 400, 10


def digits() -> tuple[Tensor, Tensor]:
    """(1797, 1, 16, 16), (1797,)"""
    found = load_digits()
    x = torch.tensor(found.images, dtype=torch.float32)[:, None]
    return F.interpolate((x - x.mean()) / x.std(), size=16), torch.tensor(found.target)


def scaled(plan: str, x: Tensor, spread: float) -> VGG:
    """A net whose logits have this standard deviation: with biases of zero they are of as many factors as layers."""
    net = VGG((1, 16, 16), CLASSES, plan=plan, width=0.25, dropout=0.0)
    kernels = [parameter for parameter in net.parameters() if parameter.ndim > 1]
    with torch.no_grad():
        factor = (spread / net(x).std()) ** (1 / len(kernels))
        for kernel in kernels:
            kernel.mul_(factor)
    return net


def waits(plan: str, x: Tensor, labels: Tensor, spread: float) -> int | None:
    """Steps until the loss of a batch is below 0.9 ln K; None if it never is."""
    torch.manual_seed(0)
    net = scaled(plan, x, spread)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    for step in range(1, STEPS + 1):
        chosen = torch.randint(len(x), (64,))
        loss = F.cross_entropy(net(x[chosen]), labels[chosen])
        if loss < 0.9 * math.log(CLASSES):
            return step
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return None


def main() -> None:
    torch.set_num_threads(1)
    x, labels = digits()
    rows = []
    for spread in SPREADS:
        steps = {plan: waits(plan, x, labels, spread) for plan in PLANS}
        rows.append({"logits' standard deviation": f"{spread:g}", **steps})
        print(rows[-1], flush=True)
    versions = {"torch": torch.__version__, "python": platform.python_version()}
    files.write_json(HERE / "results/plateau.json", {"steps": STEPS, "versions": versions, "rows": rows})
    page = HERE.parent / "docs/probe.md"
    files.write_text(page, fill(page.read_text(), {"plateau": markdown(rows)}))


if __name__ == "__main__":
    main()
