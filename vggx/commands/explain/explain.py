"""a net and new files -> pictures of where it finds a class in each: the score map and Grad-CAM over the input."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vggx import files, tasks
from vggx.data.datamodule import SplitData
from vggx.data.listing import BadFile, Sample
from vggx.inference.cam import Heat, grad_cam, known_layer, score_heat
from vggx.inference.whole import mean_logits, outputs_along_time
from vggx.net import PreparedNet
from vggx.options import Modality
from vggx.progress import progress
from vggx.report import explain as report
from vggx.report import plots
from vggx.report.frame_scores import targets
from vggx.runner.device import choose_device
from vggx.tasks.task import Task
from vggx.weights import store

HOW = ("scores", "gradcam", "both")
LINES = 5  # classes whose scores are drawn along time
Row = dict[str, Any]


@dataclass(frozen=True)
class Words:
    """What is asked.

    Attributes:
        label: a class; of each input the likeliest one where None.
        how: of `HOW`.
        layer: that Grad-CAM is taken of, the last convolution where None.
        size: short side of pictures, pixels; as in evaluation where None.
    """

    label: str | None = None
    how: str = "both"
    layer: str | None = None
    size: int | None = None


def explain(run: str | Path, inputs: Sequence[str], output: Path, words: Words, *, device: str = "auto") -> list[Row]:
    """Draw every file, and every file in a folder, into `output`, and write explain.json and explain.csv beside.

    Sound and video are looked at in their middle clip, pictures and frames uncropped.

    Returns:
        A row for each file: {path, class, score (softmax), error, picture}; of video the films, {map}_film; and where
        each map is greatest, {map}_x and so on, as the modality names it.

    Raises:
        ValueError, FileNotFoundError: no such run, no file to explain, a word that the net cannot follow, or an output
            folder that holds inputs.
    """
    where = choose_device(device)
    net, modality, card = store.load_net(run)
    sizes = sizes_of(net, modality, words.size)
    artist = Artist(net.to(where).requires_grad_(False), modality, tasks.of_card(card), words)
    for view in modality.data.VIEWS:
        setattr(modality.data, view, 1)
    data: SplitData = modality.open_data(0)
    samples = data.new_files(inputs)
    if not samples:
        raise ValueError("inputs names no file")
    check_apart(output, [sample.path for sample in samples])
    dataset = data.uncropped(samples, sizes)
    rows = []
    for number, target in enumerate(progress(targets(output, [sample.path for sample in samples]), "explain")):
        rows.append(row(artist, samples[number], dataset[number], target))
    files.write_json(output / "explain.json", rows)
    files.write_csv(output / "explain.csv", rows)
    return rows


def sizes_of(net: PreparedNet, modality: Modality, size: int | None) -> list[int]:
    """The short sides at which pictures are looked at, one; none of sound.

    Raises:
        ValueError: a size of what has no pixels, or below the net's least.
    """
    if not modality.net.PIXELS:
        if size is not None:
            raise ValueError(f"size={size}: sound has no pixels to scale; leave it out")
        return []
    side = modality.data.evaluated_side() if size is None else size
    least = max(net.vgg.smallest_input[-2:])
    if side < least:
        raise ValueError(f"size={side} is smaller than {least}, the least that plan {net.vgg.spec.plan} takes")
    return [side]


def check_apart(output: Path, paths: Sequence[str]) -> None:
    """
    Raises:
        ValueError: an input lies in the output folder, where a picture could take its place.
    """
    folder = output.resolve()
    for path in map(Path, paths):
        if folder in (path.resolve(), path.resolve().parent):
            raise ValueError(f"output={output} holds the input {path}: name a folder of its own")


def row(artist: "Artist", sample: Sample, item: dict[str, Any], target: Path) -> Row:
    found: Row = {"path": sample.path, "class": None, "score": None, "error": item["bad"].get(sample.name)}
    if found["error"] is None:
        try:
            x = item["input"]
            found |= artist.drawn(sample.path, x[0] if isinstance(x, list) else x, target)
        except BadFile as error:
            found["error"] = str(error)
    return found


class Artist:
    """A net that shows where in an input it finds a class.

    Raises:
        ValueError: an unknown class, way or layer, by name.
    """

    def __init__(self, net: PreparedNet, modality: Modality, task: Task, words: Words):
        classes = task.names
        if words.label is not None and words.label not in classes:
            raise ValueError(f"class={words.label} is none of the net's {len(classes)}: {', '.join(classes)}")
        if words.how not in HOW:
            raise ValueError(f"how must be one of {', '.join(HOW)}, not {words.how!r}")
        if words.how == "scores" and words.layer is not None:
            raise ValueError(f"layer={words.layer} is of Grad-CAM: take how=gradcam or both")
        self.net, self.modality, self.task, self.words = net, modality, task, words
        self.classes = classes
        self.layer = known_layer(net.vgg, words.layer)

    def drawn(self, path: str, x: Tensor, target: Path) -> Row:
        """One input, drawn into files of the target's name.

        Args:
            x: as the datamodule gives it, without the batch axis.

        Raises:
            BadFile: the file cannot be read, or no film be made of it.
        """
        vgg, modality = self.net.vgg, self.modality
        with torch.no_grad():
            eaten, _ = self.net.eaten(x[None].to(self.net.normalise.mean.device))
            scores = vgg.score_map(eaten)[0]
        size = eaten.shape[-vgg.dims :]
        softmax = self.task.activate(mean_logits(scores)[None])[0]
        number = int(softmax.argmax()) if self.words.label is None else self.classes.index(self.words.label)
        found: Row = {"class": self.classes[number], "score": round(softmax[number].item(), 6)}
        heats = {"scores": score_heat(vgg, scores, number, size)}
        if self.words.how != "scores":
            heats["gradcam"] = grad_cam(vgg, eaten, number, self.layer)
        shown: report.Shown = modality.module("explain").shown(self.net, modality.net, modality.data, path, x)
        course = self.course(shown, heats["scores"], scores, softmax) if vgg.dims == 1 else None
        if self.words.how == "gradcam":
            del heats["scores"]
        overs = {name: self.over(name, heat, size) for name, heat in heats.items()}
        picture = target.with_name(f"{target.name}.png")
        figure = report.draw(shown, self.title(path, number), self.answer(softmax, number), [*overs.values()], course)
        plots.save(figure, picture)
        found["picture"] = str(picture)
        for name, over in overs.items():
            film = shown.write(target.with_name(f"{target.name}_{name}"), over.values, over.look)
            found |= {f"{name}_film": str(film)} if film else {}
            peak = heats[name].peak()
            places = shown.where(*peak) if peak else {}
            found |= {f"{name}_{word}": round(value, 6) for word, value in places.items()}
        return found

    def title(self, path: str, number: int) -> str:
        asked = " (asked for)" if self.words.label is not None else ""
        return f"{Path(path).name}: where the net finds {self.classes[number]}{asked}"

    def answer(self, softmax: Tensor, number: int) -> str:
        top = int(softmax.argmax())
        others = [] if top == number else [top]
        return f"{self.task.says} " + ", ".join(
            f"of {self.classes[each]} {softmax[each]:.3f}" for each in [number, *others]
        )

    def over(self, name: str, heat: Heat, size: Sequence[int]) -> report.Over:
        """Grad-CAM's own size says nothing: it is shown as a share of its greatest value."""
        values, cells = heat.spread(size), report.cells(heat.values)
        if name == "scores":
            limits = float(heat.values.min()), float(heat.values.max())
            return report.Over(f"score map, {cells}", "logit", values, limits)
        greatest = heat.values.max()
        words = f"Grad-CAM of {self.layer}, {cells if greatest else '0 everywhere'}"
        return report.Over(words, "share of max", values / (greatest or 1), (0.0, 1.0))

    def course(self, shown: report.Shown, heat: Heat, scores: Tensor, softmax: Tensor) -> report.Course:
        """Of the likeliest classes, at the middle of what each step sees."""
        best = softmax.topk(min(LINES, len(self.classes))).indices.tolist()
        steps = self.task.activate(outputs_along_time(self.net.vgg, scores))[:, best].T.cpu().numpy()
        seconds = [shown.where(0, [centre])["seconds"] for centre in heat.centres[0].tolist()]
        return report.Course(seconds, [self.classes[number] for number in best], steps)
