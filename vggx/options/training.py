"""How weights are trained: the recipe, and what Lightning's Trainer is told."""

from dataclasses import dataclass


@dataclass(kw_only=True)
class Recipe:
    """How the weights are trained.

    Attributes:
        optimizer: sgd (momentum) or adamw.
        lr: greatest learning rate, for one optimiser step over a batch of `batch_size`.
        momentum: of sgd.
        weight_decay: on weights; biases and norms have none.
        schedule: cosine, step, plateau or constant.
        warmup_epochs: linear rise of the learning rate at the start (not with plateau).
        step_epochs: step: the learning rate is multiplied by `factor` every so many epochs.
        patience: plateau: epochs without a better validation accuracy before the same happens.
        factor: what step and plateau multiply by.
        label_smoothing: share of the target spread over all classes.
        mixup: alpha of the Beta distribution by which every training sample is mixed with another (0: not at all).
        layer_decay: every block learns at so much of the rate of the next one, the last at so much of the head's.
        fresh_factor: multiplies the rate of layers that inherited nothing of the weights that the net began with.
    """

    optimizer: str | None = None
    lr: float | None = None
    momentum: float = 0.9
    weight_decay: float | None = None
    schedule: str = "cosine"
    warmup_epochs: float = 0.0
    step_epochs: int = 30
    patience: int = 5
    factor: float = 0.1
    label_smoothing: float = 0.0
    mixup: float = 0.0
    layer_decay: float = 1.0
    fresh_factor: float = 1.0


@dataclass(kw_only=True)
class TrainerOptions:
    """What is handed to Lightning's Trainer, under Lightning's names, and two of our own: channels_last, compile.

    Attributes:
        precision: 32-true, bf16-mixed or 16-mixed.
        channels_last: keep kernels and maps in channels-last order (dims 2 and 3), which was measured to be the faster
            one on CPUs (benchmarks/README.md) and is that of a GPU's tensor cores; only rounding hangs on it.
        compile: run the net through torch.compile.
    """

    max_epochs: int | None = None
    accelerator: str = "auto"
    devices: int | str = "auto"
    num_nodes: int = 1
    strategy: str = "auto"
    precision: str = "32-true"
    accumulate_grad_batches: int = 1
    gradient_clip_val: float | None = None
    limit_train_batches: int | float | None = None
    limit_val_batches: int | float | None = None
    limit_test_batches: int | float | None = None
    deterministic: bool = False
    enable_progress_bar: bool = True
    channels_last: bool = True
    compile: bool = False
