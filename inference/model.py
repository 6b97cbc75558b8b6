"""A model's two files, opened together: the `.onnx` as a session, the `.json` as metadata."""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from .errors import ModelError
from .metadata import Contract, ModelFile, TensorSpec

_TELEMETRY = "ORT_DISABLE_TELEMETRY"


def _import_onnxruntime() -> Any:
    """Imports it so that it reports nothing to its maker, unless the environment has a say in it.

    By default its newer builds do: on what machine and in what program it runs, with an identifier
    that they keep in the home folder. They look at the environment when it is first imported.
    """
    is_decided = _TELEMETRY in os.environ
    os.environ.setdefault(_TELEMETRY, "1")
    try:
        import onnxruntime  # pyright: ignore[reportMissingTypeStubs]
    finally:
        if not is_decided:
            del os.environ[_TELEMETRY]
    return onnxruntime


_runtime = _import_onnxruntime()

SessionOptions: TypeAlias = Any
"""An `onnxruntime.SessionOptions`."""

_DTYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}  # onnxruntime's names → NumPy's


class Metadata(Protocol):
    """What the metadata of every model says."""

    @property
    def file(self) -> ModelFile:
        """The ONNX file."""
        ...


M = TypeVar("M", bound=Metadata)

# In an ONNX file, this stands before the name of another file that holds the values of a tensor.
_EXTERNAL_DATA = b"\n\x08location\x12"


class Session(Protocol):
    """What this package uses of `onnxruntime.InferenceSession`; may run in many threads at once."""

    def run(
        self, output_names: Sequence[str], input_feed: Mapping[str, NDArray[Any]]
    ) -> Sequence[NDArray[np.float32]]:
        """Runs the graph on inputs by name and returns the named outputs in that order."""
        ...


def open_model(
    path: Path,
    contract: Contract,
    parse: Callable[[bytes], M],
    session_options: SessionOptions | None = None,
) -> tuple[Session, M]:
    """Opens a model and makes sure that it is the one its metadata describes.

    Args:
        path: The ONNX file; the metadata is the `.json` file of the same stem beside it.
        contract: What the graph must take and give.
        parse: Reads the metadata; raises `ValueError` for what it cannot use.
        session_options: For onnxruntime. By default the session is sequential, on one thread:
            the fastest for a model of this size, and the kindest to the program around it.

    Returns:
        The session, on the CPU, and the metadata.

    Raises:
        ModelError: A file is missing, damaged, or does not fit the other or this package.
    """
    content = _read(path, "the model")
    metadata = _read_metadata(metadata_path(path), parse)
    digest = hashlib.sha256(content).hexdigest()
    if digest != metadata.file.sha256:
        raise ModelError(
            f"the model {path} is not the one that its metadata describes: it has "
            f"{len(content):,} bytes and SHA-256 {digest}, expected {metadata.file.size_bytes:,} "
            f"bytes and {metadata.file.sha256}; the .onnx and .json files must come from the same "
            "export and be complete"
        )
    if _EXTERNAL_DATA in content:  # The hash does not cover it.
        raise ModelError(
            f"the model {path} keeps weights in another file; export it again as one file, with "
            "external_data=False"
        )
    try:
        session = _runtime.InferenceSession(
            content,
            sess_options=session_options or _single_threaded(),
            providers=["CPUExecutionProvider"],
        )
        inputs, outputs = _specs(session.get_inputs()), _specs(session.get_outputs())
    except Exception as error:  # onnxruntime's own exceptions have no common base but this.
        raise ModelError(
            f"onnxruntime cannot open the model {path}: {error}; export it again, or give a path "
            "to a valid ONNX file and valid session options"
        ) from error
    _check_specs(inputs, contract.inputs, path, "input")
    _check_specs(outputs, contract.outputs, path, "output")
    return session, metadata


def metadata_path(model: Path) -> Path:
    """Where a model's metadata is: beside it, a `.json` file of the same stem."""
    return model.parent / f"{model.stem}.json"


def _single_threaded() -> SessionOptions:
    options = _runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = _runtime.ExecutionMode.ORT_SEQUENTIAL
    return options


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(
            f"{what} is missing: there is no file {path}; a model is an .onnx file and a .json "
            "file of the same name beside it"
        ) from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{what} {path} cannot be read: {error}") from error


def _read_metadata(path: Path, parse: Callable[[bytes], M]) -> M:
    content = _read(path, "the model's metadata")
    try:
        return parse(content)
    except ValueError as error:
        raise ModelError(
            # A damaged file may hold anything, and as much of it as it likes.
            f"the model's metadata {path} cannot be used: {error!s:.300}; use the file that "
            "was exported together with the model"
        ) from error


def _specs(tensors: Sequence[Any]) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(
            tensor.name,
            str(_DTYPES.get(tensor.type, tensor.type)),
            tuple(length if isinstance(length, int) else str(length) for length in tensor.shape),
        )
        for tensor in tensors
    )


def _check_specs(
    found: Sequence[TensorSpec], expected: Sequence[TensorSpec], path: Path, kind: str
) -> None:
    """Checks names, types and shapes; of an axis of any length, only that it is one."""
    if {_contract(spec) for spec in found} != {_contract(spec) for spec in expected}:
        raise ModelError(
            f"the model {path} has the wrong {kind}s: {_listed(found)}; "
            f"expected {_listed(expected)}"
        )


def _contract(spec: TensorSpec) -> tuple[object, ...]:
    lengths = tuple(length if isinstance(length, int) else None for length in spec.shape)
    return spec.name, spec.dtype, lengths


def _listed(specs: Sequence[TensorSpec]) -> str:
    return ", ".join(
        f"{spec.name} {spec.dtype} [{', '.join(map(str, spec.shape))}]" for spec in specs
    )
