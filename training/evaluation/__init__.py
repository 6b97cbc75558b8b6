"""What the networks are measured on, by code of its own, and how the results are counted."""
