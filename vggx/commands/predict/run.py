"""A composed config -> `vggx predict`, shown on screen; the exit code."""

from pathlib import Path

from vggx import tasks
from vggx.commands.predict.options import Options
from vggx.keys import Job
from vggx.report import rows
from vggx.runner.predict import predict
from vggx.weights.store import read_card


def run(options: Options, job: Job) -> int:
    net = Path(options.run or str(options.weights))
    found = predict(
        net,
        options.inputs,
        top=options.top,
        device=options.device,
        batch_size=options.batch_size,
        num_workers=options.num_workers,
        whole=options.whole,
        frame_scores=options.frame_scores,
    )
    task = tasks.of_card(read_card(net))
    if options.format == "table":
        rows.write([task.line(row) for row in found], "table", None)
    else:
        rows.write(task.flat(found), options.format, options.output, whole=found)
    return 1 if any(row["error"] for row in found) else 0
