"""Parts of the sample data generator; `generate.py` beside this folder runs them."""
