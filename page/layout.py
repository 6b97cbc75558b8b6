"""Where things lie: a picture, its answer beside it, and what comes after both."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def lay_out(key: str) -> tuple[DeltaGenerator, DeltaGenerator, DeltaGenerator]:
    """Make places for the picture, the answer and the rest.

    On a wide screen the answer is beside the picture and the rest below the picture; on a narrow
    one they follow each other. `style.css` says so.
    """
    layout = st.container(key=f"{key}-layout")
    return (
        layout.container(key=f"{key}-picture"),
        layout.container(key=f"{key}-answer"),
        layout.container(key=f"{key}-rest"),
    )
