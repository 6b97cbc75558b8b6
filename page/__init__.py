"""The parts of the Streamlit page whose front is `app.py`."""
