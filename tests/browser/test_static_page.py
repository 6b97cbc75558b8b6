"""examples/browser: the graph in a page without a server's help gives what it gives in Python."""

import base64
import io
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from inference import DigitRecognizer
from tests.drawings import Drawing, load_drawings
from tests.needs import skip_unless_ci

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """The open page, ready to draw on; it may have met no error and asked no other host."""
    if not (ROOT / "examples" / "node_modules" / "onnxruntime-web").is_dir():
        skip_unless_ci("onnxruntime-web is missing: npm ci --prefix examples --ignore-scripts")
    handler = partial(SimpleHTTPRequestHandler, directory=str(ROOT))
    server = ThreadingHTTPServer(("localhost", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://localhost:{server.server_port}"
    page = browser.new_page()
    troubles: list[str] = []
    requested: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("requestfailed", lambda request: troubles.append(f"failed: {request.url}"))
    page.on("request", lambda request: requested.append(request.url))
    page.goto(f"{address}/examples/browser/")
    expect(page.get_by_text("Draw a digit.")).to_be_visible(timeout=20_000)
    yield page
    page.close()
    server.shutdown()
    assert troubles == []
    assert [url for url in requested if not url.startswith((address, "data:", "blob:"))] == []


def draw(page: Page, drawing: Drawing) -> None:
    page.get_by_role("button", name="Clear").click()
    box = page.locator("canvas").bounding_box()
    assert box is not None
    for stroke in drawing.placed(280, 0.65 * 280):
        (x, y), *rest = stroke
        page.mouse.move(box["x"] + x, box["y"] + y)
        page.mouse.down()
        for x, y in rest:
            page.mouse.move(box["x"] + x, box["y"] + y)
        page.mouse.up()


@pytest.mark.parametrize("drawing", load_drawings()[::2], ids=str)
def test_the_page_answers_as_python_does(drawing: Drawing, page: Page, recognizer: DigitRecognizer):
    draw(page, drawing)
    output = page.locator(f"output[data-strokes='{len(drawing.strokes)}']")
    expect(output).to_contain_text(f"{drawing.label}: ")
    shown = (output.get_attribute("data-probabilities") or "").split(",")
    png = page.locator("canvas").evaluate("canvas => canvas.toDataURL()").split(",")[1]
    with Image.open(io.BytesIO(base64.b64decode(png))) as canvas:
        expected = recognizer.predict(canvas)
    assert expected.digit == drawing.label
    # Both compute in float32, and WebAssembly sums in another order than the processor's kernels.
    np.testing.assert_allclose([float(p) for p in shown], expected.probabilities, atol=1e-4)
