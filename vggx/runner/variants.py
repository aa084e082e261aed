"""a composed config -> the nets to be held side by side: those it names, or every plan in every modality."""

from dataclasses import replace
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from vggx import configs, settings
from vggx.cost.growth import with_value
from vggx.cost.ledger import ledger_of
from vggx.options import Settings
from vggx.plans import PLANS

CLASSES = 1000  # of a net that is looked at without a number of classes: ImageNet's


def variants(config: DictConfig) -> tuple[list[Settings], list[str]]:
    """With unset options as for a user's own data; and what was left out, the plans that the other words do not fit.

    Raises:
        ValueError: a plan that is named cannot be made, or none can.
    """
    found, left_out, errors = [], [], []
    for modality in modalities(config):
        whole = OmegaConf.create({"modality": modality} | ({"recipe": config.recipe} if "recipe" in config else {}))
        named = modality.net.plan
        made = settings.usual_settings(whole)
        for plan in [named] if named else PLANS:
            net = replace(made, modality=with_value(made.modality, "plan", plan))
            try:
                ledger_of(net.modality, 1)
            except ValueError as error:
                if named:
                    raise
                errors.append(error)
                left_out.append(f"{made.modality.name} {plan}: {error}")
            else:
                found.append(net)
    if not found:
        raise errors[0]
    return found, left_out


def modalities(config: DictConfig) -> list[DictConfig]:
    """The modality that the config chooses, or all of them."""
    chosen = config.get("modality")
    return [chosen] if chosen else [configs.load(f"modality/{name}") for name in configs.names("modality")]


def class_count(classes: int | None, run: str | None) -> int:
    """Those given, else the run's where there is a run, else ImageNet's."""
    if classes is not None:
        return classes
    if run is None:
        return CLASSES
    from vggx.weights.store import outputs_of, read_card  # with torch, which no other net's cost needs

    return outputs_of(read_card(Path(run)))
