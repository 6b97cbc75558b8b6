"""A server: an image in, JSON out. `digit-recognizer serve` starts it.

It needs the extra `server`: pip install "digit-recognizer[server]"
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from . import __version__
from .errors import InvalidImageError
from .image.decoding import SHARED_MAX_PIXELS
from .recognizer import DigitRecognizer

MAX_BYTES = 10_000_000
"""Largest body of a request; a form's other parts count."""

MAX_REQUESTS = 40
"""Most requests that are received and answered at a time, each with its body in memory."""

WAIT_S = 10.0
"""How long a request waits for its turn."""

RECEIVE_S = 30.0
"""How long a body may take to arrive."""

_REFUSED = (HTTPException, InvalidImageError, ClientDisconnect, Exception)
_ASKED = "send it as the body, or as the field `file` of a form"


class _Form(MultiPartParser):
    spool_max_size = MAX_BYTES  # What visitors send is never written to a disk.


def create_app(model: str | os.PathLike[str] | None = None) -> Starlette:
    """Makes the server, which any ASGI server can run.

    Args:
        model: What `DigitRecognizer` takes; None is the model that this package comes with.

    Returns:
        The ASGI application, with one recognizer for all requests.

    Raises:
        ModelError: A file of a model is missing, damaged, or not what this package expects.
    """
    recognizer = DigitRecognizer(model, max_pixels=SHARED_MAX_PIXELS)
    about = {
        "version": __version__,
        "model_version": recognizer.metadata.model_version,
        # Opens the finder: if anything is wrong with it, the server does not start.
        "finder_version": recognizer.finder_metadata.model_version,
        "POST /digit": "the digit on an image: digit, confidence, is_digit, probabilities",
        "POST /number": "a list of all numbers on it: text, confidence, is_sure, box, digits, …",
        "GET /health": "whether the server works",
    }
    places = asyncio.Semaphore(MAX_REQUESTS)

    def digit(image: bytes) -> object:
        return recognizer.predict(image).to_dict()

    def numbers(image: bytes) -> object:
        return [number.to_dict() for number in recognizer.read_numbers(image)]

    def answer_by(read: Callable[[bytes], object]) -> Callable[[Request], Awaitable[JSONResponse]]:
        async def answer(request: Request) -> JSONResponse:
            try:
                async with asyncio.timeout(WAIT_S):
                    await places.acquire()
            except TimeoutError:
                later = {"Retry-After": f"{WAIT_S:.0f}"}
                raise HTTPException(503, "the server is busy; try again", later) from None
            try:
                return JSONResponse(await run_in_threadpool(read, await _image(request)))
            finally:
                places.release()

        return answer

    return Starlette(
        routes=[
            Route("/", _saying(about)),
            Route("/health", _saying({"status": "ok"})),
            Route("/digit", answer_by(digit), methods=["POST"]),
            Route("/number", answer_by(numbers), methods=["POST"]),
        ],
        exception_handlers=dict.fromkeys(_REFUSED, _refuse),
    )


def _saying(what: object) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def answer(_: Request) -> JSONResponse:  # not by a thread: all may be at work
        return JSONResponse(what)

    return answer


async def _image(request: Request) -> bytes:
    """The body itself, whatever its type is called, or the field `file` of a form."""
    content_type = request.headers.get("Content-Type", "").lower()
    receive = _uploaded if content_type.startswith("multipart/form-data") else _body
    try:
        async with asyncio.timeout(RECEIVE_S):
            image = await receive(request)
    except TimeoutError:
        late = f"the image did not arrive within {RECEIVE_S:.0f} seconds"
        raise HTTPException(408, late) from None
    if not image:
        raise HTTPException(400, f"there is no image; {_ASKED}")
    return image


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in _parts(request):
        body += part
    return bytes(body)


async def _uploaded(request: Request) -> bytes:
    try:
        form = await _Form(request.headers, _parts(request), max_files=1).parse()
    except MultiPartException as error:
        raise HTTPException(400, f"the form cannot be read: {error.message}") from error
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise HTTPException(400, f"the form has no file called `file`; {_ASKED}")
    return await file.read()


async def _parts(request: Request) -> AsyncGenerator[bytes, None]:
    """The body as it arrives; refuses one that is too large as soon as that is known."""
    too_large = HTTPException(413, f"the body is larger than {MAX_BYTES:,} bytes")
    if int(request.headers.get("Content-Length", 0)) > MAX_BYTES:
        raise too_large
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BYTES:
            raise too_large
        yield part


def _refuse(_: Request, error: Exception) -> JSONResponse:
    headers = None
    if isinstance(error, HTTPException):
        status, detail, headers = error.status_code, error.detail, error.headers
    elif isinstance(error, InvalidImageError):
        # Not 415: what is wrong is seen in the image alone, never in the type that it claims.
        status, detail = 422, str(error)
    elif isinstance(error, ClientDisconnect):  # Nobody reads this.
        status, detail = 400, "the image is not complete"
    else:  # It is in the log.
        status, detail = 500, "the server could not answer"
    return JSONResponse({"detail": detail}, status, headers)
