"""Copies of the shipped model, to be damaged."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx

ARTIFACTS = Path(__file__).parents[2] / "artifacts"


def edit_metadata(model: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    path = model.with_suffix(".json")
    document = json.loads(path.read_text("utf-8"))
    edit(document)
    path.write_text(json.dumps(document), "utf-8")


def write_model(model: Path, content: bytes) -> None:
    """Replaces the model and has the metadata vouch for it."""
    model.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    edit_metadata(model, lambda document: document["file"].update(sha256=digest))


def edit_graph(model: Path, edit: Callable[[onnx.GraphProto], object]) -> None:
    proto = onnx.load(model)
    edit(proto.graph)
    write_model(model, proto.SerializeToString())
