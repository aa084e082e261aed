"""vggx.weights.adopt: what a composed config takes from weights, and what of its user's it leaves alone."""

from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf

from tests.vggx.weights.conftest import Narrow
from vggx import configs, settings
from vggx.weights import store
from vggx.weights.adopt import adopt
from vggx.weights.source import Weights, of_state, read_weights

NORMALISATION = ("normalize", "mean", "std")


def config_of(modality: str, **user: Any) -> DictConfig:
    """A composed config; keyword arguments are what its user says, with `__` for the dot."""
    config = OmegaConf.create({"modality": configs.load(f"modality/{modality}")})
    for key, value in user.items():
        OmegaConf.update(config, f"modality.{key.replace('__', '.')}", value)
    return config


def options(config: DictConfig, *names: str) -> list[Any]:
    found: dict[str, Any] = OmegaConf.to_container(config.modality.net)
    return [found[name] for name in names]


@pytest.fixture(scope="module")
def weights(narrow: Narrow) -> Weights:
    return of_state(narrow("B", "batch").state_dict())


@pytest.mark.parametrize(
    ("modality", "grid", "normalize"),
    [("image", [7, 7], "imagenet"), ("video", [1, 7, 7], "imagenet"), ("audio", None, None)],
)
def test_weights_of_images_set_the_net_of_every_modality(
    modality: str, grid: list[int] | None, normalize: str | None, weights: Weights
) -> None:
    config = config_of(modality)
    adopt(config, weights)
    assert options(config, "plan", "width", "norm", "activation", "head") == ["B", 0.125, "batch", "relu", "fc"]
    assert options(config, "grid", *NORMALISATION) == [grid, normalize, None, None]
    packaged = configs.load(f"modality/{modality}")
    assert options(config, "dropout", "init") == [packaged.net.dropout, packaged.net.init]
    wanted = OmegaConf.merge(packaged.data, {"channels": 3} if modality == "image" else {})
    assert config.modality.data == wanted
    net = settings.usual(config.modality).build(10).vgg
    assert (net.spec.plan, net.spec.blocks[0].width, net.spec.head.widths) == ("B", 8, (512, 512))
    assert grid is None or net.grid == tuple(grid)


def test_another_normalisation_is_set_as_numbers(narrow: Narrow) -> None:
    config = config_of("video")
    caffe = of_state(narrow().state_dict(), convention="caffe")
    adopt(config, caffe)
    assert options(config, *NORMALISATION) == [None, caffe.mean, caffe.std]
    made = settings.resolve(config).modality
    assert made.net.statistics(3) == (caffe.mean, caffe.std)


def test_what_the_user_set_stays(weights: Weights) -> None:
    config = config_of("image", net__head="pooled", net__norm="none", data__channels=1)
    adopt(config, weights)
    assert options(config, "plan", "head", "norm", "width") == ["B", "pooled", "none", 0.125]
    assert config.modality.data.channels == 1


def test_what_the_user_set_to_the_packaged_value_stays_too(weights: Weights) -> None:
    config = config_of("image")
    adopt(config, weights, given={"modality.net.grid", "modality.net.width", "modality.data.channels", "seed"})
    assert options(config, "plan", "grid", "width") == ["B", None, 1.0]
    assert config.modality.data.channels is None


@pytest.mark.parametrize(
    ("user", "kept"),
    [
        ({"net__normalize": "dataset"}, ["dataset", None, None]),
        ({"net__mean": [0.5] * 3, "net__std": [0.25] * 3}, [None, [0.5] * 3, [0.25] * 3]),
    ],
)
def test_a_normalisation_of_the_users_is_not_mixed_with_the_weights(
    user: dict[str, Any], kept: list[Any], narrow: Narrow
) -> None:
    for convention in ("imagenet", "caffe"):
        config = config_of("video", **user)
        adopt(config, of_state(narrow().state_dict(), convention=convention))
        assert options(config, *NORMALISATION) == kept


def test_weights_without_a_head_leave_head_and_grid_alone(weights: Weights) -> None:
    state = {key: weights.state[name] for name, key in weights.keys.items() if name.startswith("conv")}
    config = config_of("video")
    adopt(config, of_state(state))
    assert options(config, "plan", "head", "grid", "normalize") == ["B", None, None, "imagenet"]


def test_the_first_blocks_alone_do_not_take_the_head(weights: Weights) -> None:
    config = config_of("video", net__plan="B:3")
    adopt(config, weights)
    assert options(config, "plan", "norm", "width", "head", "grid") == ["B:3", "batch", 0.125, None, None]
    whole = config_of("video", net__plan="vgg13")
    adopt(whole, weights)
    assert options(whole, "plan", "head", "grid") == ["vgg13", "fc", [1, 7, 7]]


# our own nets


def saved(folder: Path, modality: str, **user: Any) -> Weights:
    made = settings.resolve(config_of(modality, **user)).modality
    net = made.build(2)
    store.save_net(folder, net, store.make_card(made, net, ["cat", "dog"]))
    return read_weights(str(folder))


USERS: dict[str, dict[str, Any]] = {
    "image": {"net__plan": "mini", "net__width": 0.25, "data__size": 48, "net__normalize": "none", "net__dropout": 0.3},
    "video": {"net__plan": "micro", "net__time_padding": "replicate", "net__time_pools": [1, 1, 2], "data__frames": 6},
    "audio": {"net__plan": "micro", "net__mels": 32, "net__frequency": "pooled", "data__sample_rate": 4000},
}


@pytest.mark.parametrize("modality", USERS)
def test_a_net_of_the_same_modality_sets_all_that_its_card_says(modality: str, tmp_path: Path) -> None:
    weights = saved(tmp_path, modality, **USERS[modality])
    config = config_of(modality)
    adopt(config, weights)
    card = store.read_card(tmp_path)
    free = ("dropout", "init")
    net, packaged = OmegaConf.to_container(config.modality.net), configs.load(f"modality/{modality}").net
    assert net == card["net"] | {name: packaged[name] for name in free}
    data = OmegaConf.to_container(config.modality.data)
    assert {name: data[name] for name in card["data"]} == card["data"]
    assert {"size": 48, "frames": 6, "sample_rate": 4000}.items() & card["data"].items()
    again = settings.resolve(config).modality.build(2)
    assert {k: v.shape for k, v in again.state_dict().items()} == {
        k: v.shape for k, v in store.load_net(tmp_path)[0].state_dict().items()
    }


def test_a_net_of_clips_gives_images_its_frames_grid_and_pixels(tmp_path: Path) -> None:
    statistics = {"net__mean": [0.5, 0.25, 0.125], "net__std": [0.5, 0.25, 0.75]}
    head = {"net__head": "fc", "net__grid": [2, 4, 4]}
    weights = saved(tmp_path, "video", net__plan="micro", net__width=0.5, **head, **statistics)
    assert weights.grid == (2, 4, 4)
    config = config_of("image")
    adopt(config, weights)
    assert options(config, "plan", "width", "norm", "head", "grid") == ["micro", 0.5, "batch", "fc", [4, 4]]
    assert options(config, *NORMALISATION) == [None, [0.5, 0.25, 0.125], [0.5, 0.25, 0.75]]
    assert config.modality.data.channels == 3


def test_a_net_of_sound_gives_images_no_pixels(tmp_path: Path) -> None:
    weights = saved(tmp_path, "audio", net__plan="micro", net__mean=[-3.0], net__std=[2.0], net__frequency="pooled")
    config = config_of("image")
    adopt(config, weights)
    assert options(config, "plan", *NORMALISATION) == ["micro", None, None, None]
    assert config.modality.data.channels is None  # one channel of sound is no grey image
