"""examples/browser: both graphs in a page without a server's help give what they give in Python."""

import base64
import io
import json
from collections.abc import Iterator, Sequence
from threading import Thread

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from examples.static import PAGE, ROOT, serve
from inference import DigitRecognizer
from tests.drawings import Drawing, in_a_row, load_drawings, render_number
from tests.needs import skip_unless_ci

NUMBERS = [load_drawings()[start::9][:4] for start in (1, 4)]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """The open page, ready to draw on; it may have met no error and asked no other host."""
    if not (ROOT / "examples" / "node_modules" / "onnxruntime-web").is_dir():
        skip_unless_ci("onnxruntime-web is missing: npm ci --prefix examples --ignore-scripts")
    server = serve(0)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    page = browser.new_page()
    troubles: list[str] = []
    requested: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("requestfailed", lambda request: troubles.append(f"failed: {request.url}"))
    page.on("request", lambda request: requested.append(request.url))
    page.goto(f"{address}/{PAGE}")
    expect(page.get_by_text("Draw a number.")).to_be_visible(timeout=60_000)
    yield page
    page.close()
    server.shutdown()
    assert troubles == []
    assert [url for url in requested if not url.startswith((address, "data:", "blob:"))] == []


def draw(page: Page, drawings: Sequence[Drawing]) -> None:
    page.get_by_role("button", name="Clear").click()
    box = page.locator("canvas").bounding_box()
    assert box is not None
    for stroke in in_a_row(drawings, box["width"], box["height"]):
        (x, y), *rest = stroke
        page.mouse.move(box["x"] + x, box["y"] + y)
        page.mouse.down()
        for x, y in rest:
            page.mouse.move(box["x"] + x, box["y"] + y)
        page.mouse.up()


def canvas_picture(page: Page) -> Image.Image:
    png = page.locator("canvas").evaluate("canvas => canvas.toDataURL()").split(",")[1]
    with Image.open(io.BytesIO(base64.b64decode(png))) as canvas:
        return canvas.convert("L")


@pytest.mark.parametrize("width", [800, 375], ids=["desktop", "phone"])
@pytest.mark.parametrize("drawings", NUMBERS, ids=lambda drawings: "".join(map(str, drawings)))
def test_the_page_answers_as_python_does(
    drawings: Sequence[Drawing], width: int, page: Page, recognizer: DigitRecognizer
):
    page.set_viewport_size({"width": width, "height": 600})
    draw(page, drawings)
    strokes = sum(len(drawing.strokes) for drawing in drawings)
    output = page.locator(f"output[data-strokes='{strokes}']")
    expect(output).to_be_visible()
    numbers = json.loads(output.get_attribute("data-numbers") or "")
    expected = recognizer.read_numbers(canvas_picture(page))
    assert [number["text"] for number in numbers] == [number.text for number in expected]
    assert numbers
    lines = output.inner_text().splitlines()
    for number, right, line in zip(numbers, expected, lines, strict=True):
        # Both compute in float32, and WebAssembly sums in another order than the processor does.
        assert number["confidence"] == pytest.approx(right.confidence, abs=1e-3)
        assert number["is_sure"] == right.is_sure
        assert line.startswith(f"{right.text}: {100 * number['confidence']:.1f} %")
        assert line.endswith("not sure") != right.is_sure


def test_the_drawing_is_what_was_drawn(page: Page):
    """Also on a screen that shows the canvas smaller than it is."""
    page.set_viewport_size({"width": 375, "height": 600})
    draw(page, NUMBERS[0])
    ink = np.asarray(canvas_picture(page)) < 128
    expected = np.asarray(render_number(NUMBERS[0])) < 128
    assert np.count_nonzero(ink & expected) > 0.8 * np.count_nonzero(ink | expected)


def test_an_empty_canvas_has_no_number(page: Page):
    page.get_by_role("button", name="Clear").click()
    page.locator("canvas").dispatch_event("pointerup")
    expect(page.get_by_text("No number is found.")).to_be_visible()
