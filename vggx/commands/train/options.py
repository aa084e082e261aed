"""`vggx train`: its keys, and what it is for."""

from dataclasses import dataclass

from vggx.keys import NEEDED, Beginning, Command, key


@dataclass(kw_only=True)
class Options(Beginning):
    """The keys of the command."""

    resume: str | None = key(
        None, "the run goes on where its last epoch ended; what may change, words change", "run folder"
    )


COMMAND = Command(
    purpose="train a net; its run folder holds weights, metrics, plots and a summary",
    options=Options,
    groups={"modality": NEEDED, "task": "classify", "recipe": "default", "trainer": "default", "experiment": None},
    required=[("modality", "experiment", "resume")],
    examples=[
        "vggx train modality=video                                  # on the embedded data, a minute on a CPU",
        "vggx train modality=image modality.data.root=photos modality.net.plan=D trainer.max_epochs=30",
        "vggx train modality=video modality.data.root=clips trainer.precision=bf16-mixed recipe=adamw",
        "vggx train -m modality=image,audio seed=0,1,2              # a sweep",
        "vggx train experiment=fashion_mnist modality.data.root=FOLDER",
        "vggx train experiment=vgg2014_deep modality.net.plan=D weights=RUN_OF_A modality.data.root=FOLDER",
        "vggx train modality=video weights=vgg16_3d.safetensors freeze=2 recipe.layer_decay=0.75",
        "vggx train resume=runs/video/2026-01-31_12-00-00 trainer.max_epochs=60",
        "vggx train modality=audio --cfg job                        # show the config, train nothing",
    ],
)
