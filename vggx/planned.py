"""A plan of the paper, and what is chosen besides -> the spec of a net."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypedDict

from vggx import geometry
from vggx.dims import check_dims, per_axis
from vggx.plans import BlockPlan, Plan, get_plan
from vggx.spec.net import NetSpec
from vggx.spec.parts import EXTRAS, HEADS, part
from vggx.spec.words import ACTIVATIONS, BlockSpec, ExtraSpec, HeadSpec, check_norm, check_share, choose


class PlanOptions(TypedDict, total=False):
    """What can be said of a net that follows a plan.

    Attributes:
        plan: a name of `vggx.plans`: A, A-LRN, B, C, D, E, vgg11 to vgg19, micro, micro4, mini; "E:3" are the first
            three blocks of E.
        width: multiplies every width of the plan, fc6 and fc7 too.
        norm: "none" or "batch".
        activation: "relu" or "leaky_relu".
        head: a key of `vggx.spec.parts.HEADS`: "fc" (the paper's classifier, as convolutions) or "pooled" (global
            average and a linear layer).
        head_options: of a head of one's own.
        grid: kernel of fc6, one size per axis; the backbone's output at `input_shape` where None.
        dropout: of the head.
        kernel: odd size of the plan's 3-wide kernels, for all axes or one per axis; its 1-wide ones stay.
        pools: one per block, for all axes or one value per axis; 2 everywhere where None.
        padding: "zeros" or "replicate", for all axes or one per axis.
        extra: a key of `vggx.spec.parts.EXTRAS`, in every block; none where None.
        extra_options: of it.
        bands: as in `NetSpec`.
    """

    plan: str
    width: float
    norm: str
    activation: str
    head: str
    head_options: Mapping[str, Any]
    grid: Sequence[int] | None
    dropout: float
    kernel: int | Sequence[int]
    pools: Sequence[int | Sequence[int]] | None
    padding: str | Sequence[str]
    extra: str | None
    extra_options: Mapping[str, Any]
    bands: int | None


def block_pools(plan: Plan, dims: int, pools: Sequence[int | Sequence[int]] | None) -> list[tuple[int, ...]]:
    """The pool of each block, one value per axis; 2 on every axis where none are given.

    Raises:
        ValueError: not one pool per block, or a pool below 1.
    """
    given = [2] * len(plan.blocks) if pools is None else list(pools)
    if len(given) != len(plan.blocks):
        raise ValueError(f"plan {plan.name} has {len(plan.blocks)} blocks and needs as many pools, got {given}")
    sizes = [per_axis(pool, dims) for pool in given]
    if any(side < 1 for size in sizes for side in size):
        raise ValueError(f"pools must be 1 or more, got {given}")
    return sizes


def plan_spec(
    input_shape: Sequence[int],
    outputs: int,
    *,
    plan: str = "D",
    width: float = 1.0,
    norm: str = "none",
    activation: str = "relu",
    head: str = "fc",
    head_options: Mapping[str, Any] | None = None,
    grid: Sequence[int] | None = None,
    dropout: float = 0.5,
    kernel: int | Sequence[int] = 3,
    pools: Sequence[int | Sequence[int]] | None = None,
    padding: str | Sequence[str] = "zeros",
    extra: str | None = None,
    extra_options: Mapping[str, Any] | None = None,
    bands: int | None = None,
) -> NetSpec:
    """The spec of a net that follows a plan, for input (C, *S); the other arguments are those of `PlanOptions`.

    Raises:
        ValueError: naming the option that does not exist, or an input too short for the plan's pools.
    """
    size = tuple(input_shape[1:])
    dims = len(size)
    check_dims(dims)
    part(HEADS, "head", head)
    check_norm(norm)
    choose("activation", activation, ACTIVATIONS)
    check_share("dropout", dropout)
    extras = () if extra is None else (ExtraSpec(extra, extra_options or {}),)
    for one in extras:
        part(EXTRAS, "extra", one.name)
    chosen = get_plan(plan, width, kernel)

    def made(block: BlockPlan, pool: tuple[int, ...]) -> BlockSpec:
        words = {"norm": norm, "activation": activation, "padding": padding}
        plain = BlockSpec.of(dims, block.width, kernels=block.kernels, pool=pool, lrn=block.lrn, **words)
        return replace(plain, extras=extras)

    sizes = block_pools(chosen, dims, pools)
    blocks = tuple(made(block, pool) for block, pool in zip(chosen.blocks, sizes, strict=True))
    hidden = HeadSpec(
        head, outputs, (chosen.hidden,) * 2, (1,) * dims if grid is None else per_axis(grid, dims), dropout,
        activation, head_options or {},
    )  # fmt: skip
    spec = NetSpec(tuple(input_shape), blocks, hidden, chosen.name, bands)
    geometry.check_input(spec)
    if grid is None:
        return replace(spec, head=replace(spec.head, grid=geometry.output_size(spec.backbone, size)))
    return spec
