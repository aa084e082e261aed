"""vggx.weights.files: every format bit for bit, and no code that a file holds is ever run."""

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from vggx.weights.files import read_state, sha256

Save = Callable[[dict[str, Tensor], Path], None]


def save_npz(state: dict[str, Tensor], path: Path) -> None:
    np.savez(path, **{name: value.numpy() for name, value in state.items()})


def save_hdf5(state: dict[str, Tensor], path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        for name, value in state.items():
            file[name] = value.numpy()


def save_legacy(state: dict[str, Tensor], path: Path) -> None:
    torch.save(state, path, _use_new_zipfile_serialization=False)


SAVERS: dict[str, tuple[str, Save]] = {
    "torch": (".pth", torch.save),
    "torch's old format": (".pt", save_legacy),
    "safetensors": (".safetensors", save_file),
    "numpy": (".npz", save_npz),
    "keras": (".h5", save_hdf5),
}
formats = pytest.mark.parametrize("kind", SAVERS)


@pytest.fixture
def state() -> dict[str, Tensor]:
    torch.manual_seed(0)
    return {
        "conv1_1": torch.randn(4, 3, 3, 3),
        "block1/fc": torch.randn(7, 5, dtype=torch.float64),
        "half": torch.randn(6).half(),
    }


@formats
def test_every_format_is_read_back_bit_for_bit(kind: str, state: dict[str, Tensor], tmp_path: Path) -> None:
    suffix, save = SAVERS[kind]
    path = tmp_path / f"weights{suffix}"
    save(state, path)
    found, metadata = read_state(path)
    assert set(found) == set(state)
    assert metadata == {}
    for name, value in state.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value), name


def test_a_safetensors_file_says_what_its_metadata_say(state: dict[str, Tensor], tmp_path: Path) -> None:
    save_file(state, tmp_path / "net.safetensors", metadata={"card": "{}"})
    assert read_state(tmp_path / "net.safetensors")[1] == {"card": "{}"}


@pytest.mark.parametrize("name", ["state_dict", "model", "model_state_dict", "net"])
def test_the_state_dict_in_a_checkpoint_is_found(name: str, state: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save({"epoch": 3, "args": {"lr": 0.1}, name: state | {"version": 2}}, tmp_path / "last.ckpt")
    assert set(read_state(tmp_path / "last.ckpt")[0]) == set(state)


def test_sha256_is_hashlibs(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    (tmp_path / "file").write_bytes(content)
    assert sha256(tmp_path / "file") == hashlib.sha256(content).hexdigest()


# refusals


class Evil:
    def __init__(self, trace: Path):
        self.trace = trace

    def __reduce__(self):
        return os.system, (f"touch {self.trace}",)


class Options:
    pass


@pytest.mark.parametrize("new_format", [True, False])
def test_a_file_that_would_run_a_command_is_refused_and_runs_nothing(new_format: bool, tmp_path: Path) -> None:
    path, trace = tmp_path / "evil.pth", tmp_path / "ran"
    torch.save({"w": torch.ones(1), "x": Evil(trace)}, path, _use_new_zipfile_serialization=new_format)
    with pytest.raises(ValueError, match=r"evil\.pth holds more than tensors .* it would run posix\.system to be read"):
        read_state(path)
    assert not trace.exists()
    torch.load(path, weights_only=False)  # the file is as evil as it is meant to be
    assert trace.exists()


@pytest.mark.parametrize(
    ("value", "code"), [(nn.Linear(2, 2), r"torch\.nn\.modules\.linear\.Linear"), (Options(), r"\S*\.Options")]
)
def test_a_pickle_that_needs_a_class_is_refused_by_its_name(value: object, code: str, tmp_path: Path) -> None:
    torch.save({"w": torch.ones(1), "x": value}, tmp_path / "net.pth")
    with pytest.raises(ValueError, match=rf"net\.pth .*would run {code} to be read\. Refused; save the state_dict\(\)"):
        read_state(tmp_path / "net.pth")


def test_a_numpy_file_with_objects_is_refused_without_advice_to_trust_it(tmp_path: Path) -> None:
    np.savez(tmp_path / "evil.npz", w=np.array([Evil(tmp_path / "ran")], dtype=object))
    with pytest.raises(ValueError, match=r"evil\.npz is not a whole \.npz of plain arrays: Object arrays") as error:
        read_state(tmp_path / "evil.npz")
    assert "trust" not in str(error.value)
    assert not (tmp_path / "ran").exists()


@formats
def test_a_file_cut_short_at_any_place_is_refused_by_its_name(
    kind: str, state: dict[str, Tensor], tmp_path: Path
) -> None:
    suffix, save = SAVERS[kind]
    path = tmp_path / f"weights{suffix}"
    save(state, path)
    content = path.read_bytes()
    for share in (0, 1, 10, 50, 90, 99):
        path.write_bytes(content[: len(content) * share // 100])
        with pytest.raises(ValueError, match=rf"{path} is not a whole "):
            read_state(path)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@formats
def test_damaged_bytes_end_in_no_other_error(kind: str, state: dict[str, Tensor], tmp_path: Path) -> None:
    suffix, save = SAVERS[kind]
    path = tmp_path / f"weights{suffix}"
    save(state, path)
    content, draw = path.read_bytes(), np.random.default_rng(0)
    refused = []
    for _ in range(60):
        damaged = bytearray(content)
        for place in draw.integers(0, len(damaged), 20):
            damaged[place] = draw.integers(256)
        path.write_bytes(damaged)
        try:
            read_state(path)
        except ValueError as error:
            refused.append(str(error))
    assert len(refused) > 5  # where values alone are hit, nothing can be noticed
    assert all(message.startswith(f"{path} ") for message in refused)


@formats
def test_a_page_of_text_is_refused(kind: str, tmp_path: Path) -> None:
    """What a download without rights, or a pointer of Git LFS, leaves in a file's place."""
    path = tmp_path / f"weights{SAVERS[kind][0]}"
    path.write_text("version https://git-lfs.github.com/spec/v1\nsize 553433881\n")
    with pytest.raises(ValueError, match=rf"{path} is not a whole "):
        read_state(path)


@pytest.mark.parametrize(("content", "what"), [([torch.ones(1)], "a list"), (torch.ones(1), "a Tensor")])
def test_a_pickle_of_no_names_is_refused(content: object, what: str, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "net.pth")
    with pytest.raises(ValueError, match=rf"net\.pth holds {what}, not a state dict"):
        read_state(tmp_path / "net.pth")


def test_a_file_without_tensors_is_refused(tmp_path: Path) -> None:
    torch.save({"epoch": 3}, tmp_path / "net.pth")
    with pytest.raises(ValueError, match=r"net\.pth holds no tensors"):
        read_state(tmp_path / "net.pth")


def test_what_is_no_file_of_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"x")
    with pytest.raises(FileNotFoundError, match=rf"{tmp_path} is not a file"):
        read_state(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"none\.pth does not exist"):
        read_state(tmp_path / "none.pth")
    with pytest.raises(ValueError, match=r"net\.onnx is of no format that holds weights: \.safetensors, \.pth, "):
        read_state(tmp_path / "net.onnx")


def test_a_keras_file_without_h5py_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.h5").write_bytes(b"x")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ValueError, match=r"net\.h5: Keras's files need h5py: pip install h5py"):
        read_state(tmp_path / "net.h5")
