"""A server, as an example: an image in, JSON out.

uvicorn examples.server:app
curl --data-binary @digit.png localhost:8000/digit
"""

from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from inference import DigitRecognizer, InvalidImageError

MAX_BYTES = 10_000_000
app, recognizer = FastAPI(), DigitRecognizer()


@app.post("/digit")
async def recognize(request: Request) -> dict[str, object]:
    image = bytearray()
    async for part in request.stream():
        image += part
        if len(image) > MAX_BYTES:
            raise HTTPException(413, f"the image is larger than {MAX_BYTES:,} bytes")
    try:
        return dict((await run_in_threadpool(recognizer.predict, image)).to_dict())
    except InvalidImageError as error:
        raise HTTPException(422, str(error)) from error
