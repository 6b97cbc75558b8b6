"""`digit-recognizer serve`: a server for other programs."""

import argparse
import warnings
from collections.abc import Sequence
from importlib.util import find_spec

NEEDED = ("starlette", "uvicorn", "python_multipart")
"""The modules of the extra `server`."""


def serve(called: str, arguments: Sequence[str]) -> None:
    """Serves until it is stopped.

    Args:
        called: What a user calls this command by.
        arguments: What stands behind that.

    Raises:
        ModuleNotFoundError: What the extra `server` brings is not installed.
        ModelError: The model is missing, damaged, or not what this package expects.
    """
    options = _parser(called).parse_args(arguments)
    if not all(map(find_spec, NEEDED)):
        raise ModuleNotFoundError(
            f"the server needs {', '.join(NEEDED)}: pip install 'digit-recognizer[server]'"
        )
    import uvicorn

    from ..server import create_app

    # Pillow's about a client's file, thousands for some: the log is for what its reader can change.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    uvicorn.run(create_app(options.model), host=options.host, port=options.port)


def _parser(called: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=called,
        description="Serves POST /digit and POST /number: an image in, JSON out.",
        epilog="It asks nobody for a password: let only those reach it who may.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on; 0 is any")
    parser.add_argument("--model", metavar="FILE", help="another digits.onnx, its .json beside it")
    return parser
