"""A server, as an example: an image in, JSON out.

uvicorn examples.server:app
curl --data-binary @digit.png localhost:8000/digit
curl --data-binary @page.jpg localhost:8000/number     # a list of all numbers on it
"""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from inference import DigitRecognizer, InvalidImageError

MAX_BYTES, MAX_PIXELS = 10_000_000, 25_000_000
app, recognizer = FastAPI(), DigitRecognizer(max_pixels=MAX_PIXELS)


async def body(request: Request) -> bytearray:
    image = bytearray()
    try:
        async for part in request.stream():
            image += part
            if len(image) > MAX_BYTES:
                raise HTTPException(413, f"the image is larger than {MAX_BYTES:,} bytes")
    except ClientDisconnect as error:
        raise HTTPException(400, "the image is not complete") from error
    return image


@app.post("/digit")
def digit(image: Annotated[bytearray, Depends(body)]) -> Mapping[str, object]:
    return recognizer.predict(image).to_dict()


@app.post("/number")
def numbers(image: Annotated[bytearray, Depends(body)]) -> list[Mapping[str, object]]:
    return [number.to_dict() for number in recognizer.read_numbers(image)]


@app.exception_handler(InvalidImageError)
def refuse(_: Request, error: InvalidImageError) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 422)
