"""How weights are trained: the recipe, and what Lightning's Trainer is told."""

from dataclasses import dataclass


@dataclass(kw_only=True)
class Recipe:
    """How the weights are trained.

    Attributes:
        name: of a recipe that also brings options of data, net and trainer, where those are unset: the `presets` of
            configs/modality/<m>.yaml.
        optimizer: sgd (momentum) or adamw.
        lr: greatest learning rate, for one optimiser step.
        batch: samples of such a step, over all devices: so many batches of `modality.data.batch_size` are gathered for
            it. One batch of each device where unset, or trainer.accumulate_grad_batches of them.
        momentum: of sgd.
        weight_decay: on weights.
        decay_biases: on biases and norms too.
        schedule: cosine, step, plateau or constant.
        warmup_epochs: linear rise of the learning rate at the start (not with plateau).
        step_epochs: step: the learning rate is multiplied by `factor` every so many epochs.
        patience: plateau: epochs without a better validation accuracy before the same happens.
        drops: plateau: how often it happens; the next time the run ends instead. No limit where unset.
        factor: what step and plateau multiply by.
        label_smoothing: share of the target spread over all classes.
        mixup: alpha of the Beta distribution by which every training sample is mixed with another (0: not at all).
        cutmix: alpha of the Beta distribution of the part of every training sample that stays its own; another fills
            a box of the picture, or a stretch of the sound (0: none does). With mixup, a batch has one of the two.
        ema: decay, for each step, of the running average of the weights that is validated and kept (0: they are
            themselves).
        layer_decay: every block learns at so much of the rate of the next one, the last at so much of the head's.
        block_rates: what the rate is multiplied by in each block and then in the head, in the place of layer_decay;
            `vggx probe` proposes some.
        fresh_factor: multiplies the rate of layers that inherited nothing of the weights that the net began with.
    """

    name: str | None = None
    optimizer: str | None = None
    lr: float | None = None
    batch: int | None = None
    momentum: float = 0.9
    weight_decay: float | None = None
    decay_biases: bool = False
    schedule: str = "cosine"
    warmup_epochs: float = 0.0
    step_epochs: int = 30
    patience: int = 5
    drops: int | None = None
    factor: float = 0.1
    label_smoothing: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    ema: float = 0.0
    layer_decay: float = 1.0
    block_rates: list[float] | None = None
    fresh_factor: float = 1.0


@dataclass(kw_only=True)
class TrainerOptions:
    """What is handed to Lightning's Trainer, under Lightning's names, and two of our own: channels_last, compile.

    Attributes:
        precision: 32-true (also where unset), bf16-mixed or 16-mixed.
        accumulate_grad_batches: batches that one optimiser step takes; as recipe.batch has it where unset, else 1.
        channels_last: keep kernels and maps in channels-last order (dims 2 and 3), which was measured to be the faster
            one on CPUs (benchmarks/README.md) and is that of a GPU's tensor cores; only rounding hangs on it.
        compile: run the net through torch.compile.
    """

    max_epochs: int | None = None
    accelerator: str = "auto"
    devices: int | str = "auto"
    num_nodes: int = 1
    strategy: str = "auto"
    precision: str | None = None
    accumulate_grad_batches: int | None = None
    gradient_clip_val: float | None = None
    limit_train_batches: int | float | None = None
    limit_val_batches: int | float | None = None
    limit_test_batches: int | float | None = None
    deterministic: bool = False
    enable_progress_bar: bool = True
    channels_last: bool = True
    compile: bool = False
