"""Statements about users of the samples, true and false ones, in wording of no template; `corpus.jsonl` is frozen.

`build.py` writes it: every statement stands in a shape (one function, one way to put it) as an f-string whose values are
computed from the learned rows; what it claims is computed again on the rows that it cites.
"""
