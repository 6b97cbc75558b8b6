"""Why? is answered."""

import re
from collections.abc import Callable

from tests.page.opened import open_page


def test_why_is_answered_on_demand(draw: Callable[..., None]) -> None:
    draw()
    page = open_page()
    assert not page.expander[0].markdown

    page.session_state["drawing-why"] = True
    page.run()

    texts = [element.value for element in page.expander[0].markdown]
    assert texts[0].startswith("**What speaks for 3.**")
    assert re.match(r"\*\*What \d would need\.\*\* .*\d%\)?\.", texts[1])
    maps = [element.proto.body for element in page.expander[0].get("html")]  # pyright: ignore
    assert ['alt="What speaks for' in body for body in maps] == [True, True]
    assert "<i " in maps[1]  # what could be changed
