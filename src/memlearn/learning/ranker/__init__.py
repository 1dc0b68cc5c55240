"""The learned ranker: what it is trained on, and its training."""
