"""Where things lie: a picture, its answer beside it, and what comes after both."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def lay_out(key: str) -> tuple[DeltaGenerator, DeltaGenerator, DeltaGenerator]:
    """Make places for the picture, the answer and the rest.

    On a wide screen the answer is beside the picture and the rest below the picture; on a narrow
    one they follow each other. `style.css` says so.
    """
    desk = st.container(key=f"{key}-desk")
    return (
        desk.container(key=f"{key}-picture"),
        desk.container(key=f"{key}-answer"),
        desk.container(key=f"{key}-rest"),
    )
