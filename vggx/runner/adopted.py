"""A job and the weights that it names -> the weights; the config takes from them what its user did not set."""

from vggx.keys import Job
from vggx.weights import adopt
from vggx.weights import source as sources
from vggx.weights.source import Weights


def adopted(job: Job, source: str, convention: str | None = None) -> Weights:
    """The weights of a source; the config's modality takes from them what its user did not set."""
    # layers that are asked for by name may be of a net of another plan
    plan = None if job.config.get("inherit") else job.config.modality.net.plan
    weights = sources.read_weights(source, plan=plan, convention=convention)
    adopt.adopt(job.config, weights, job.given)
    return weights
