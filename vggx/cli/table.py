"""The command table: what each command does, what it must be given, and examples of its use."""

COMMANDS = {
    "train": "train a net; its run folder holds weights, metrics, plots and a summary",
    "evaluate": "measure a trained net on a split of its data, or of other data",
    "predict": "name the classes of new files",
    "cost": "count parameters, MACs and FLOPs of the nets side by side",
}
# a command runs only with one key of each of these
REQUIRED: dict[str, list[tuple[str, ...]]] = {
    "train": [("modality", "experiment", "resume")],
    "evaluate": [("run",)],
    "predict": [("run",), ("inputs",)],
    "cost": [],
}
EXAMPLES = {
    "train": [
        "vggx train modality=video                                  # on the embedded data, a minute on a CPU",
        "vggx train modality=image modality.data.root=photos modality.net.plan=D trainer.max_epochs=30",
        "vggx train modality=video modality.data.root=clips trainer.precision=bf16-mixed recipe=adamw",
        "vggx train -m modality=image,audio seed=0,1,2              # a sweep",
        "vggx train experiment=fashion_mnist modality.data.root=FOLDER",
        "vggx train resume=runs/video/2026-01-31_12-00-00 trainer.max_epochs=60",
        "vggx train modality=audio --cfg job                        # show the config, train nothing",
    ],
    "evaluate": [
        "vggx evaluate run=runs/video/2026-01-31_12-00-00",
        "vggx evaluate run=RUN split=val",
        "vggx evaluate run=RUN modality.data.root=OTHER_FOLDER modality.data.clips=10",
    ],
    "predict": [
        "vggx predict run=RUN inputs=clip.mp4",
        "vggx predict run=RUN inputs=[a.wav,recordings] top=3 format=json",
        "vggx predict run=RUN inputs=photos format=csv output=classes.csv",
    ],
    "cost": [
        "vggx cost",
        "vggx cost modality=video modality.net.plan=D modality.data.frames=32 by=layer",
        "vggx cost run=RUN format=json",
    ],
}
