"""vggx.settings: what unset options become, values of the wrong type, and run folders that are not to be trusted."""

from pathlib import Path
from typing import Any

import hydra
import pytest
import yaml
from hydra.errors import ConfigCompositionException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from modalities.audio import options as audio
from modalities.audio.frontend import FRONTENDS
from modalities.image import options as image
from modalities.video import options as video
from vggx import commands, configs, settings
from vggx.options import Settings

MODALITIES = ("audio", "image", "video")


def compose(*words: str, command: str = "train") -> DictConfig:
    configs.register(command, commands.command(command).config())
    with hydra.initialize(version_base="1.3", config_path=None):
        return hydra.compose(command, overrides=list(words))


def resolve(*words: str) -> Settings:
    return settings.resolve(compose(*words))


def run_folder(folder: Path, values: Any) -> Path:
    text = values if isinstance(values, str) else yaml.safe_dump(values)
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    return folder


# what unset options become


def test_embedded_data_set_plan_and_size() -> None:
    found = {name: resolve(f"modality={name}").modality for name in MODALITIES}
    assert {name: modality.data.source for name, modality in found.items()} == {
        "audio": "tones",
        "image": "digits",
        "video": "moving_digits",
    }
    assert not {"A", "A-LRN", "B", "C", "D", "E"} & {modality.net.plan for modality in found.values()}
    assert found["image"].data.input_shape() == (1, 32, 32)
    assert found["video"].data.input_shape() == (3, 8, 32, 32)
    assert found["audio"].data.input_shape() == (8000,)


def test_given_a_root_the_real_defaults_hold() -> None:
    found = {name: resolve(f"modality={name}", "modality.data.root=somewhere").modality for name in MODALITIES}
    for modality in found.values():
        assert modality.data.source is None  # guessed when the root is seen
        assert modality.data.root == "somewhere"
        assert (modality.net.plan, modality.net.norm, modality.net.head) == ("D", "batch", "fc")
    assert found["image"].data.input_shape() == (3, 224, 224)
    assert found["video"].data.input_shape() == (3, 16, 112, 112)
    assert found["audio"].data.input_shape() == (16000,)


def test_a_manifest_counts_as_a_root() -> None:
    found = resolve("modality=image", "modality.data.manifest=some.csv").modality
    assert (found.data.source, found.data.input_shape(), found.net.plan) == (None, (3, 224, 224), "D")


@pytest.mark.parametrize("name", MODALITIES)
@pytest.mark.parametrize("words", [[], ["modality.data.root=x"]])
def test_every_option_that_a_run_needs_is_filled(name: str, words: list[str]) -> None:
    made = resolve(f"modality={name}", *words)
    data, net = made.modality.data, made.modality.net
    assert all(size > 0 for size in data.input_shape())
    assert None not in (data.batch_size, net.plan, net.norm, net.head, net.dropout, net.normalize)
    assert None not in (made.recipe.optimizer, made.recipe.lr, made.trainer.max_epochs)
    assert data.preprocessing().keys() == set(data.PREPROCESSING)
    if name == "audio":
        assert None not in (net.n_fft, net.hop, net.mels, net.bands)


def test_what_is_given_wins_over_what_is_filled_in() -> None:
    made = resolve(
        "modality=video", "modality.net.plan=A", "modality.data.frames=4", "recipe.lr=0.5", "trainer.max_epochs=3"
    )
    assert (made.modality.net.plan, made.modality.data.frames) == ("A", 4)
    assert (made.recipe.lr, made.trainer.max_epochs) == (0.5, 3)
    assert made.modality.data.size == 32


def test_a_value_of_zero_or_false_is_given_too() -> None:
    made = resolve("modality=image", "modality.data.root=x", "modality.data.flip=false", "modality.net.dropout=0")
    assert made.modality.data.flip is False
    assert made.modality.net.dropout == 0.0


def test_a_recipe_is_kept_where_it_sets_a_value() -> None:
    made = resolve("modality=image", "recipe=adamw")
    assert (made.recipe.optimizer, made.recipe.lr, made.recipe.weight_decay) == ("adamw", 1e-3, 0.05)
    paper = resolve("modality=image", "modality.data.root=x", "recipe=vgg2014").recipe
    assert (paper.optimizer, paper.lr, paper.momentum, paper.weight_decay) == ("sgd", 0.01, 0.9, 5e-4)
    assert (paper.schedule, paper.factor, paper.drops, paper.batch) == ("plateau", 0.1, 3, 256)


def test_each_modality_has_its_own_options() -> None:
    for name, module in {"audio": audio, "image": image, "video": video}.items():
        made = resolve(f"modality={name}").modality
        assert (type(made.net), type(made.data), made.name) == (module.Net, module.Data, name)


@pytest.mark.parametrize("source", ["folder", "manifest", "cifar10", "idx"])
def test_a_source_that_needs_a_root_says_so(source: str) -> None:
    with pytest.raises(ValueError, match=rf"modality\.data\.source={source} needs modality\.data\.root=FOLDER"):
        resolve("modality=image", f"modality.data.source={source}")


# what a choice brings


@pytest.mark.parametrize("words", [[], ["modality.data.root=x"]])
@pytest.mark.parametrize("name", [name for name in FRONTENDS if name != "logmel"])
def test_a_published_front_end_brings_its_own_settings(name: str, words: list[str]) -> None:
    made = resolve("modality=audio", f"modality.net.frontend={name}", *words).modality
    own = FRONTENDS[name].PUBLISHED
    assert {key: getattr(made.data if key == "sample_rate" else made.net, key) for key in own} == own
    usual = resolve("modality=audio", *words).modality
    assert (made.data.seconds, made.net.plan, made.net.bands) == (usual.data.seconds, usual.net.plan, usual.net.bands)


def test_the_free_front_end_leaves_what_is_unset() -> None:
    net = resolve("modality=audio").modality.net
    assert (net.frontend, net.n_fft, net.f_min, net.f_max, net.mel_scale) == ("logmel", 256, None, None, None)


def test_what_is_given_wins_over_what_a_choice_brings() -> None:
    """The front-end is who refuses it."""
    made = resolve("modality=audio", "modality.net.frontend=panns", "modality.net.n_fft=512").modality
    assert (made.net.n_fft, made.net.hop) == (512, 320)
    with pytest.raises(ValueError, match=r"modality\.net\.frontend=panns fixes n_fft=1024, got 512"):
        made.spec(2)


def test_what_a_choice_brings_stands_as_plain_values_in_a_run_folder(tmp_path: Path) -> None:
    made = resolve("modality=audio", "modality.net.frontend=panns")
    values = settings.read_run(run_folder(tmp_path, settings.to_yaml(made)))
    assert values["modality"].keys() == {"name", "net", "data"}
    assert (values["modality"]["net"]["f_max"], values["modality"]["data"]["sample_rate"]) == (14000.0, 32000)
    configs.remember(values)
    assert settings.plain_values(settings.resolve(compose("modality=audio", "past=run"))) == settings.plain_values(made)


def test_a_recipe_brings_options_of_data_net_and_trainer() -> None:
    made = resolve("modality=image", "modality.data.root=x", "recipe=vgg2014")
    net, data = made.modality.net, made.modality.data
    assert (net.norm, net.dropout, net.init, net.normalize, net.plan) == ("none", 0.5, "glorot", "mean", "D")
    assert (data.short_side, data.colour_shift, data.rand_augment) == ([256, 256], 0.1, None)
    assert (made.trainer.max_epochs, made.trainer.precision) == (74, None)
    torchvision = resolve("modality=video", "modality.data.root=x", "recipe=torchvision")
    assert (torchvision.modality.net.init, torchvision.modality.net.normalize) == ("torchvision", "imagenet")
    assert torchvision.modality.data.crop_scale == [0.08, 1.0]
    modern = resolve("modality=audio", "modality.data.root=x", "recipe=modern")
    assert (modern.modality.data.time_shift, modern.modality.data.frequency_mask) == (0.1, 8)
    assert (modern.trainer.max_epochs, modern.trainer.precision) == (100, "bf16-mixed")


def test_embedded_data_get_what_is_true_of_any_size_and_colour() -> None:
    embedded = resolve("modality=image", "recipe=vgg2014").modality
    assert (embedded.net.norm, embedded.net.normalize, embedded.net.plan) == ("none", "mean", "micro")
    assert (embedded.data.short_side, embedded.data.colour_shift) == (None, None)


def test_what_is_given_wins_over_what_a_recipe_brings() -> None:
    words = ["modality.data.short_side=[]", "modality.data.colour_shift=0", "modality.net.norm=batch"]
    made = resolve("modality=image", "modality.data.root=x", "recipe=vgg2014", *words, "trainer.max_epochs=5")
    assert (made.modality.data.short_side, made.modality.data.colour_shift) == ([], 0.0)
    assert (made.modality.net.norm, made.modality.net.dropout, made.trainer.max_epochs) == ("batch", 0.5, 5)


def test_what_a_past_run_holds_wins_over_what_a_recipe_brings(tmp_path: Path) -> None:
    made = resolve("modality=image", "modality.data.root=x")  # by the default recipe, in 32 bits
    made.trainer.precision = "32-true"
    configs.remember(settings.read_run(run_folder(tmp_path, settings.to_yaml(made))))
    later = settings.resolve(compose("modality=image", "past=run", "recipe.name=modern"))
    assert later.modality.data.crop_scale == made.modality.data.crop_scale
    assert (later.trainer.max_epochs, later.trainer.precision) == (30, "32-true")


@pytest.mark.parametrize("recipe", ["vgg2014", "torchvision", "modern"])
@pytest.mark.parametrize("name", MODALITIES)
def test_what_a_recipe_brings_stands_in_a_run_folder(name: str, recipe: str, tmp_path: Path) -> None:
    made = resolve(f"modality={name}", f"recipe={recipe}", "modality.data.root=x")
    configs.remember(settings.read_run(run_folder(tmp_path, settings.to_yaml(made))))
    again = settings.resolve(compose(f"modality={name}", "past=run"))
    assert settings.plain_values(again) == settings.plain_values(made)
    assert again.recipe.name == recipe


def test_usual_knows_what_a_choice_brings() -> None:
    found = settings.usual(compose("modality=audio", "modality.net.frontend=panns", command="cost").modality)
    assert found.spec(2).input_shape == (64, 101)  # a second at 32 kHz


def test_usual_is_a_users_own_data() -> None:
    found = settings.usual(configs.load("modality/image"))
    assert (found.net.plan, found.data.input_shape(), found.data.root) == ("D", (3, 224, 224), None)


# types


@pytest.mark.parametrize(
    "word",
    [
        "modality.data.batch_size=many",
        "modality.data.size=1.5",
        "modality.data.classes=7",
        "modality.data.crop_scale=[a,b]",
        "modality.data.flip=perhaps",
        "modality.net.width=wide",
        "modality.net.grid=[1,x]",
        "recipe.lr=fast",
        "trainer.max_epochs=1.5",
        "seed=x",
    ],
)
def test_a_value_of_the_wrong_type_is_refused(word: str) -> None:
    key = word.partition("=")[0].rpartition(".")[2]
    with pytest.raises((ConfigCompositionException, OmegaConfBaseException)) as refused:
        resolve("modality=image", word)
    assert key in "\n".join(str(e) for e in (refused.value, refused.value.__cause__))


@pytest.mark.parametrize("word", ["modality.net.plam=D", "modality.data.frames=8", "recipe.lrs=1", "seeds=1"])
def test_an_unknown_key_is_refused(word: str) -> None:
    with pytest.raises(ConfigCompositionException):
        resolve("modality=image", word)


def test_the_modality_has_to_be_named() -> None:
    with pytest.raises(ConfigCompositionException, match="modality"):
        compose()


# out and in again


@pytest.mark.parametrize("name", MODALITIES)
def test_a_run_folder_holds_plain_values_and_gives_the_same_settings(name: str, tmp_path: Path) -> None:
    made = resolve(
        f"modality={name}", "modality.net.width=0.5", "modality.data.classes=[zwei, drei]", "trainer.devices=2"
    )
    text = settings.to_yaml(made)
    assert "_target_" not in text
    values = settings.read_run(run_folder(tmp_path, text))
    assert "unset" not in values["modality"]
    assert yaml.safe_load(text) == values
    configs.remember(values)
    again = settings.resolve(compose(f"modality={name}", "past=run"))
    assert settings.plain_values(again) == settings.plain_values(made)
    assert again.modality.net.width == 0.5
    later = settings.resolve(compose(f"modality={name}", "past=run", "modality.net.width=0.25"))
    assert later.modality.net.width == 0.25  # the words of the command win


def test_paths_of_any_kind_go_through_a_run_folder(tmp_path: Path) -> None:
    made = resolve("modality=image", "modality.data.root=x")
    made.modality.data.root = "/data/my files/größe=[1], {a: 'b'} #2"
    values = settings.read_run(run_folder(tmp_path, settings.to_yaml(made)))
    assert values["modality"]["data"]["root"] == made.modality.data.root
    configs.remember(values)
    again = settings.resolve(compose("modality=image", "past=run"))
    assert again.modality.data.root == made.modality.data.root


@pytest.fixture
def plain() -> dict[str, Any]:
    return settings.plain_values(resolve("modality=image"))


def test_only_what_belongs_to_settings_is_read(tmp_path: Path, plain: dict[str, Any]) -> None:
    assert settings.read_run(run_folder(tmp_path, plain | {"hydra": {"run": {"dir": "/"}}, "other": 1})) == plain


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"is not a run folder: it has no config\.yaml"):
        settings.read_run(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"nowhere is not a run folder"):
        settings.read_run(tmp_path / "nowhere")


def test_which_code_is_run_is_not_for_a_run_folder_to_say(tmp_path: Path, plain: dict[str, Any]) -> None:
    plain["modality"] |= {"code": "os", "unset": {"root": {"net": {"plan": "A"}}}}
    values = settings.read_run(run_folder(tmp_path, plain))
    assert values["modality"].keys() == {"name", "net", "data"}
    configs.remember(values)
    again = settings.resolve(compose("modality=image", "past=run")).modality
    assert again.code == "modalities.image"
    assert settings.modality_of(card(code="os", unset={}), Path("net.json")).code == "modalities.image"


PLACES = {
    "top": lambda v: v | {"_target_": "os.system"},
    "modality": lambda v: v | {"modality": v["modality"] | {"_target_": "os.system"}},
    "net": lambda v: v | {"modality": v["modality"] | {"net": {"_target_": "os.system"}}},
    "value": lambda v: v | {"recipe": {"lr": {"_target_": "os.system", "x": 1}}},
    "list": lambda v: v | {"trainer": {"callbacks": [1, [{"a": {"_target_": "os.system"}}]]}},
    "elsewhere": lambda v: v | {"not_a_setting": [{"_target_": "os.system"}]},
    "empty": lambda v: v | {"runs": {"_target_": None}},
}


@pytest.mark.parametrize("place", PLACES)
def test_a_target_anywhere_is_refused(place: str, tmp_path: Path, plain: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"config\.yaml holds a _target_, which a run folder never does"):
        settings.read_run(run_folder(tmp_path, PLACES[place](plain)))


def test_a_target_behind_an_anchor_is_refused(tmp_path: Path) -> None:
    text = "seed: &a {_target_: os.system}\nmodality: {name: image, net: {<<: *a}}\n"
    with pytest.raises(ValueError, match="_target_"):
        settings.read_run(run_folder(tmp_path, text))


@pytest.mark.parametrize("name", ["smell", "../image", "", None, 3, ["image"], {"image": 1}])
def test_an_unknown_modality_is_refused(name: Any, tmp_path: Path, plain: dict[str, Any]) -> None:
    values = plain | {"modality": plain["modality"] | {"name": name}}
    with pytest.raises(ValueError, match=r"config\.yaml names the modality .*; known are audio, image, video"):
        settings.read_run(run_folder(tmp_path, values))


@pytest.mark.parametrize("text", ["", "- a\n- b", "just words", "modality: image", "1: 2", "seed: 3"])
def test_yaml_that_is_no_config_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"config\.yaml names the modality None"):
        settings.read_run(run_folder(tmp_path, text))


@pytest.mark.parametrize("text", ["42", "true", "2026-01-01"])
def test_a_bare_value_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"config\.yaml"):
        settings.read_run(run_folder(tmp_path, text))


@pytest.mark.parametrize(
    "content",
    [
        b"modality: [",
        b"modality: {name: image}\nmodality: {name: audio}",
        b"\x89PNG\r\n\x1a\n\x00",
        "modality: größe".encode("latin-1"),
        b"modality: !!python/object/apply:os.system [ls]",
        b"a: ${",
    ],
)
def test_what_is_not_yaml_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_bytes(content)
    with pytest.raises(ValueError, match=r"config\.yaml cannot be read as YAML"):
        settings.read_run(tmp_path)


# the card of a net


def card(**other: Any) -> dict[str, Any]:
    return {"modality": "image", "net": {"plan": "micro", "norm": "batch"}, "data": {"size": 32, "channels": 1}} | other


def test_a_card_is_laid_over_the_packaged_modality() -> None:
    found = settings.modality_of(card(), Path("net.json"))
    assert (found.name, found.net.plan, found.net.norm) == ("image", "micro", "batch")
    assert found.data.input_shape() == (1, 32, 32)
    assert type(found.net) is image.Net


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"modality": "smell"}, r"net\.json names the modality 'smell'; known are audio, image, video"),
        ({"net": {"_target_": "os.system"}}, r"net\.json holds a _target_"),
        ({"classes": [{"_target_": "os.system"}]}, r"net\.json holds a _target_"),
        ({"net": {"plam": "D"}}, r"net\.json does not fit the modality image: .*plam"),
        ({"net": {"width": "wide"}}, r"net\.json does not fit the modality image: .*wide"),
        ({"data": {"size": [1]}}, r"net\.json does not fit the modality image"),
        ({"data": {"frames": 8}}, r"net\.json does not fit the modality image: .*frames"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(other: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings.modality_of(card(**other), Path("net.json"))


def test_plain_options() -> None:
    values = settings.plain_options(image.Data(size=3, classes=["a"]))
    assert (values["size"], values["classes"], values["root"]) == (3, ["a"], None)
    assert OmegaConf.create(values) == values
