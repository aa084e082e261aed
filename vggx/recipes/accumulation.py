"""recipe.batch -> how many batches of the loaders make one step of the optimiser."""


def accumulation(batch: int | None, batch_size: int, devices: int, given: int | None) -> int:
    """Batches of each device that one step of the optimiser takes.

    Args:
        batch: samples of a step, over all devices; what the loaders give where None.
        batch_size: samples that the loader of each device gives at once.
        given: what trainer.accumulate_grad_batches says, None where it says nothing.

    Raises:
        ValueError: a batch that is no whole number of those, or another number than the one given; with what would do.
    """
    if batch is None:
        return 1 if given is None else given
    each, of = batch_size * devices, f"modality.data.batch_size={batch_size}"
    where = "on one device" if devices == 1 else f"on each of {devices} devices"
    if batch % each:
        nearest = max(each, round(batch / each) * each)
        sizes = [size for size in range(1, batch_size) if batch % (size * devices) == 0]
        smaller = f"modality.data.batch_size={sizes[-1]} or " if sizes else ""
        wrong = "are more than" if each > batch else "do not divide"
        raise ValueError(f"{of} {where} {wrong} recipe.batch={batch}: take {smaller}recipe.batch={nearest}")
    if given not in (None, batch // each):
        raise ValueError(
            f"trainer.accumulate_grad_batches={given} contradicts recipe.batch={batch}, which {of} {where} makes up by "
            f"{batch // each}: leave out one of the two (recipe.batch=null)"
        )
    return batch // each
