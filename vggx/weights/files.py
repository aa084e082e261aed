"""a file of weights -> {name: tensor} and its metadata: torch's, safetensors, numpy's and Keras's; data, never code."""

import hashlib
import importlib.util
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

State = dict[str, Tensor]
# under which training scripts keep the state dict in a checkpoint
NESTED = ("state_dict", "model", "model_state_dict", "net")


def read_state(path: Path) -> tuple[State, dict[str, str]]:
    """The tensors of a file by name, and what a safetensors file says of itself.

    Raises:
        FileNotFoundError: no such file.
        ValueError: cut short, of a format that is not known, without tensors, or one that holds more than data.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist" if not path.exists() else f"{path} is not a file")
    if path.suffix not in READERS:
        raise ValueError(f"{path} is of no format that holds weights: {', '.join(READERS)}")
    state, metadata = READERS[path.suffix](path)
    if not state:
        raise ValueError(f"{path} holds no tensors")
    return state, metadata


def of_safetensors(path: Path) -> tuple[State, dict[str, str]]:
    try:
        with safe_open(path, "pt") as file:
            names = file.keys()
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(f"{path} is not a whole safetensors file: {error}") from error


def of_torch(path: Path) -> tuple[State, dict[str, str]]:
    try:
        # files in torch's old format, as torchvision's are, cannot be mapped into memory
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # damaged bytes raise whatever the unpickler stumbles over
        raise ValueError(refusal(path, error)) from error
    for name in NESTED:
        if isinstance(found, dict) and isinstance(found.get(name), dict):
            found = found[name]
    if not isinstance(found, dict):
        raise ValueError(f"{path} holds a {type(found).__name__}, not a state dict of names and tensors")
    return {str(name): value for name, value in found.items() if isinstance(value, Tensor)}, {}


def refusal(path: Path, error: Exception) -> str:
    """Why torch would not read a file, without its advice to trust the file after all."""
    wanted = re.search(r"GLOBAL (\S+)", str(error))
    if wanted:
        return (
            f"{path} holds more than tensors and plain values: it would run {wanted[1]} to be read. Refused; "
            "save the state_dict() of its net alone"
        )
    told = isinstance(error, RuntimeError)
    return f"{path} is not a whole file of torch's: {sentence(error) if told else 'it is cut short or damaged'}"


def sentence(error: Exception) -> str:
    """The first sentence of an error; those that follow advise to trust the file."""
    return str(error).strip().partition("\n")[0].partition(". ")[0]


def of_npz(path: Path) -> tuple[State, dict[str, str]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: torch.from_numpy(file[name]) for name in file.files}, {}
    except Exception as error:  # as above; zlib's and zipfile's errors are of many kinds
        raise ValueError(f"{path} is not a whole .npz of plain arrays: {sentence(error)}") from error


def of_hdf5(path: Path) -> tuple[State, dict[str, str]]:
    if importlib.util.find_spec("h5py") is None:
        raise ValueError(f"{path}: Keras's files need h5py: pip install h5py")
    import h5py

    state: State = {}

    def take(name: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset) and node.dtype.kind == "f":
            state[name] = torch.from_numpy(np.asarray(node))

    try:
        with h5py.File(path) as file:
            file.visititems(take)
    except Exception as error:  # as above
        raise ValueError(f"{path} is not a whole HDF5 file: {sentence(error)}") from error
    return state, {}


READERS: dict[str, Callable[[Path], tuple[State, dict[str, str]]]] = {
    ".safetensors": of_safetensors,
    **dict.fromkeys((".pth", ".pt", ".ckpt", ".bin", ".tar"), of_torch),
    ".npz": of_npz,
    **dict.fromkeys((".h5", ".hdf5"), of_hdf5),
}


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
