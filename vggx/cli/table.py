"""The command table: what each command does, what it must be given, and examples of its use.

A command of two words, such as `data stats`, has the config `data_stats`.
"""

COMMANDS = {
    "train": "train a net; its run folder holds weights, metrics, plots and a summary",
    "probe": "look at a net before it is trained: does it vanish, explode or learn, and at what rates",
    "evaluate": "measure a trained net on a split of its data, or of other data",
    "linear": "how well a net's penultimate activations tell other data's classes apart, by a linear SVM",
    "summary": "accuracy of several runs together, of folds or seeds: mean, deviation, interval",
    "predict": "name the classes of new files",
    "explain": "draw where in new files a net finds a class: its score map and Grad-CAM over each",
    "inflate": "weights of images, published or own, into nets of clips or sound, and back, with proof",
    "cost": "parameters, MACs, FLOPs, memory and limits of nets side by side, before they are built",
    "cost budget": "the largest plan, width, input or batch within limits of MACs, parameters or memory",
    "benchmark": "measured speed of nets on this device, beside peers and the device's limits",
    "cost growth": "how MACs grow with frames, pixels, seconds, width and depth",
    "data preview": "draw samples as the net sees them, augmented, with their labels",
    "data stats": "count classes and splits, read the facts of every file, measure mean and standard deviation",
    "data reencode": "encode a data set's videos anew, small and quick to read, its splits kept",
}
# the first words of those that have two, where they are no command by themselves
FAMILIES = sorted({name.split()[0] for name in COMMANDS if " " in name} - set(COMMANDS))
# these take a net by its card, and nothing else of how it was trained
BY_CARD = ("predict", "explain")
# a command runs only with one key of each of these
REQUIRED: dict[str, list[tuple[str, ...]]] = {
    "train": [("modality", "experiment", "resume")],
    "probe": [("modality", "experiment", "run")],
    "evaluate": [("run", "runs")],
    "linear": [("modality", "run")],
    "summary": [("runs",)],
    "predict": [("run", "weights"), ("inputs",)],
    "explain": [("run", "weights"), ("inputs",), ("output",)],
    "inflate": [("source",), ("target",), ("modality",)],
    "cost": [],
    "cost budget": [("modality", "run"), ("find",)],
    "cost growth": [],
    "benchmark": [],
    "data preview": [("modality", "experiment", "run")],
    "data stats": [("modality", "experiment", "run")],
    "data reencode": [("modality", "experiment", "run"), ("target",)],
}
EXAMPLES = {
    "train": [
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
    "probe": [
        "vggx probe modality=video modality.data.root=clips plots=pictures",
        "vggx probe modality=image modality.data.root=photos weights=torchvision:vgg16 freeze=2",
        "vggx probe modality=image modality.net.plan=D modality.net.norm=none modality.net.init=normal noise=60",
        "vggx probe run=RUN format=json output=probe.json           # the net as that run began",
    ],
    "evaluate": [
        "vggx evaluate run=runs/video/2026-01-31_12-00-00",
        "vggx evaluate run=RUN split=val",
        "vggx evaluate run=RUN modality.data.root=OTHER_FOLDER modality.data.clips=10",
        "vggx evaluate run=RUN time_probe=true                      # does it see motion, or only frames?",
    ],
    "linear": [
        "vggx linear weights=torchvision:vgg16 modality=image modality.data.root=photos output=photos_vgg16",
        "vggx linear run=RUN modality.data.root=OTHER_FOLDER scales=[256,384,512] combine=stack output=FOLDER",
        "vggx linear weights=vgg19.pth modality=image modality.data.root=Caltech101 train_per_class=30 "
        "judged_per_class=50 output=FOLDER",
    ],
    "summary": [
        "vggx summary runs=[RUN1,RUN2,RUN3]",
        "vggx summary runs=runs/audio                               # every run below the folder",
        "vggx summary runs=runs format=json output=summary.json",
    ],
    "predict": [
        "vggx predict run=RUN inputs=clip.mp4",
        "vggx predict run=RUN inputs=[a.wav,recordings] top=3 format=json",
        "vggx predict run=RUN inputs=photos format=csv output=classes.csv",
        "vggx predict weights=vgg16_3d.safetensors inputs=clip.mp4",
        "vggx predict run=RUN inputs=day.flac whole=true frame_scores=FOLDER",
    ],
    "explain": [
        "vggx explain run=RUN inputs=photos output=FOLDER",
        "vggx explain run=RUN inputs=[a.mp4,b.mp4] class=fight how=gradcam output=FOLDER",
        "vggx explain weights=vgg16.safetensors inputs=cat.jpg layer=conv4_3 size=512 output=FOLDER",
    ],
    "inflate": [
        "vggx inflate source=vgg16-397923af.pth target=vgg16_3d.safetensors modality=video",
        "vggx inflate source=torchvision:VGG16_BN_Weights.IMAGENET1K_V1 target=vgg16_bn_3d.safetensors modality=video",
        "vggx inflate source=timm:vgg19.tv_in1k target=vgg19_1d.safetensors modality=audio "
        "modality.net.frequency=pooled",
        "vggx inflate source=runs/image/2026-01-31_12-00-00 target=clips.safetensors modality=video classes=[walk,run]",
    ],
    "cost": [
        "vggx cost                                                  # every plan in every modality",
        "vggx cost modality=video modality.net.plan=D modality.data.frames=32 by=layer",
        "vggx cost compare=[torchvision:r3d_18,pytorchvideo:x3d_m,timm:vgg16] format=json output=costs.json",
        "vggx cost modality=image modality.net.plan=D device=h200 modality.data.batch_size=256 by=layer",
        "vggx cost modality=video modality.net.plan=D memory=true recipe=adamw",
        "vggx cost run=RUN plots=pictures",
    ],
    "cost budget": [
        "vggx cost budget modality=video find=frames macs=200e9",
        "vggx cost budget modality=image find=batch_size memory=24 precision=32-true",
        "vggx cost budget modality=audio find=width params=5e6 format=json",
    ],
    "cost growth": [
        "vggx cost growth",
        "vggx cost growth modality=video modality.net.plan=A plots=pictures",
    ],
    "benchmark": [
        "vggx benchmark modality=image compare=[torchvision:vgg16,timm:vgg16] batch_sizes=[1,8] plots=pictures",
        "vggx benchmark modality=video device=cuda precision=[32-true,bf16-mixed] channels_last=[true,false] "
        "compare=[torchvision:r3d_18,pytorchvideo:x3d_m] format=json output=speed.json",
        "vggx benchmark modality=audio compare=torchvision:vgg16    # a 2D VGG on the same spectrogram",
        "vggx benchmark run=RUN modes=infer batch_sizes=1 profile=true",
    ],
    "data preview": [
        "vggx data preview modality=image modality.data.root=photos",
        "vggx data preview modality=video modality.data.root=clips split=val count=4 output=val.png",
        "vggx data preview run=RUN                                  # with all that the run was trained with",
    ],
    "data stats": [
        "vggx data stats modality=audio modality.data.root=recordings",
        "vggx data stats modality=video modality.data.root=clips measure=false format=json output=clips.json",
        "vggx data stats modality=image modality.data.root=photos format=csv output=files.csv  # a row for each file",
    ],
    "data reencode": [
        "vggx data reencode modality=video modality.data.root=clips target=clips_256",
        "vggx data reencode modality=video modality.data.root=UCF modality.data.fold=1 target=UCF_128 short_side=128",
        "vggx data reencode run=RUN target=small                    # with the data options of a run",
    ],
}

# what a command's own keys mean, where the name and the default do not tell
MEANINGS = {
    "train": {
        "weights": "what the net begins with: file, run folder, torchvision:WEIGHTS or timm:NAME",
        "inherit": "[conv1_1, block2, fc6, head]: what begins with it, and nothing else; all where unset",
        "allow_fresh": "[block4, fc6, head, norm]: what may inherit nothing of it",
        "freeze": "so many first blocks do not train, nor do the statistics of their norms move",
    },
    "probe": {
        "run": "its data, recipe and net, as it began; weights=RUN takes the trained net",
        "weights": "as of vggx train, and so are allow_fresh and freeze",
        "batches": "of the training split, augmented as in training",
        "noise": "true, or a standard deviation: no data, but noise with that, as the net eats it",
        "classes": "with noise; the run's or the weights' where unset, else 1,000",
        "device": "auto, cpu, cuda, cuda:1, ...",
        "plots": "folder for a picture",
        "format": "table, json, csv or markdown; all but table and json are of the layers alone",
        "output": "file, for all formats but table",
    },
    "evaluate": {
        "runs": "[RUN1, RUN2, ...]: several nets, their scores averaged; the first one's data and folder",
        "protocol": "single (as training validates), dense (whole and uncropped), crops, or both",
        "scales": "[256, 384, 512]: short sides of pictures, pixels; the usual one where unset",
        "flip": "mirror images count too; as in training where unset",
        "grid": "crops lie at so many places along each side; 5 where unset, of clips along the longer side",
        "curve": "true: accuracy by fewer of the views, and what they cost, as a picture",
        "time_probe": "true: the same clips with their frames shuffled, reversed and still, too",
    },
    "linear": {
        "weights": "file, run folder, torchvision:WEIGHTS or timm:NAME; without run and it a net as the seed draws it",
        "allow_fresh": "[block4, fc6, head, norm]: what may inherit nothing of the weights",
        "split": "val or test, which is judged; test where there is one",
        "scales": "[256, 384, 512]: short sides of pictures, pixels; the usual one where unset",
        "flip": "mirror images count too; as in training where unset",
        "combine": "average the scales, or stack them",
        "C": "of the SVM: one, or several to choose from among the training files",
        "train_per_class": "so many training files of each class, drawn by the seed; all where unset",
        "judged_per_class": "the same of the split that is judged",
        "output": "folder; the run's where unset",
    },
    "summary": {
        "runs": "[RUN1, RUN2, ...], or a folder: every run below it",
        "format": "table, json, csv or markdown",
        "output": "file, for all formats but table",
    },
    "predict": {
        "whole": "true: whole files of sound or video, uncropped, in the place of clips of them",
        "frame_scores": "folder: scores along the time of whole files, as CSV and as labels for Audacity",
    },
    "explain": {
        "output": "folder for a picture of each file, films of video, explain.json and explain.csv",
        "class": "of each file its likeliest one where unset",
        "how": "scores (the class's score map), gradcam, or both",
        "layer": "of Grad-CAM, such as conv4_3; the last convolution where unset",
        "size": "short side of pictures, which are not cropped; pixels, as in evaluation where unset",
        "device": "auto, cpu, cuda, cuda:1, ...",
    },
    "inflate": {
        "source": "file, run folder, torchvision:WEIGHTS or timm:NAME",
        "target": ".safetensors file; its report goes beside it",
        "init": "center or mean: of a kernel's new axis",
        "convention": "imagenet (RGB) or caffe (BGR 0..255): the source's input, where its names do not tell",
        "classes": "[names] or their number; the source's where unset",
        "allow_fresh": "[block4, fc6, head, norm]: what may inherit nothing",
        "overwrite": "true: replace an existing target",
    },
    "cost": {
        "by": "net, block or layer",
        "classes": "1,000 where unset, or the run's",
        "compare": "[library:net, ...] of torchvision, pytorchvideo or timm; whole nets only",
        "memory": "true: predict the peak of training at modality.data.batch_size",
        "precision": "32-true, bf16-mixed or 16-mixed: of the bytes and the memory",
        "fps": "frames a second of the film that clips and images are taken from",
        "plots": "folder for pictures",
        "format": "table, json, csv or markdown",
        "output": "file, for all formats but table",
    },
    "cost budget": {
        "find": "plan, width, batch_size, or what lengthens the input: size, frames, seconds",
        "macs": "limit of one sample, such as 200G",
        "params": "limit, such as 5M",
        "memory": "limit of a training step, GiB",
        "precision": "32-true, bf16-mixed or 16-mixed: of the memory",
        "format": "table, json, csv or markdown",
    },
    "benchmark": {
        "classes": "1,000 where unset, or the run's",
        "compare": "[library:net, ...]; beside a net of sound, nets of images take its spectrogram",
        "modes": "[train, infer]",
        "precision": "32-true, bf16-mixed, 16-mixed, or a list: of our nets, and of peers beside their default",
        "channels_last": "true, false or both: of our nets",
        "compile": "true, false or both: of our nets",
        "cuda_graphs": "true, false or both: of our nets",
        "device": "auto, cpu, cuda, cuda:1, ...",
        "repeats": "rounds in which all take their turn",
        "seconds": "that each runs in a round",
        "profile": "true: where the time of our nets goes, by kernel and layer",
        "plots": "folder for pictures",
        "format": "table, json, csv or markdown",
        "output": "file, for all formats but table",
    },
    "data reencode": {
        "target": "folder for the new files, labels.csv and reencode.json",
        "short_side": "pixels; smaller pictures keep their size",
        "keyframe_every": "frames from one keyframe to the next",
        "crf": "0 to 51, the lower the better and larger",
        "workers": "processes; one per core up to 8 where unset",
        "overwrite": "true: replace what another run left in the target",
    },
    "cost growth": {"plots": "folder for a picture", "format": "table, json, csv or markdown"},
}


def config_name(command: str) -> str:
    return command.replace(" ", "_")


def parted(words: list[str]) -> tuple[str, list[str]]:
    """The words of a command line -> the command and the rest; of a family without a second word, the family."""
    second = " ".join(words[:2])
    return (second, words[2:]) if second in COMMANDS else (words[0], words[1:])


def is_second_word(command: str, rest: list[str]) -> bool:
    """Whether a bare word follows a command that others begin with: `cost bugdet` is no `cost`."""
    begins = any(name.startswith(f"{command} ") for name in COMMANDS)
    return begins and bool(rest) and "=" not in rest[0] and not rest[0].startswith("-")
