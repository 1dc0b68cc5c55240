"""A second set of statements about users of the samples, by another author and in other shapes; `second.jsonl` is frozen.

The entries have the form that `corpus` describes. Nobody tuned the checker of free text on this wording: what it verifies
of these statements estimates what it does with wording that is new to it.
"""
