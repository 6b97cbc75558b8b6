"""What `python -m inference` is made of."""
