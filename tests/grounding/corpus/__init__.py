"""Statements about users of the samples, true and false ones, in wording of no template; `corpus.jsonl` is frozen.

`build.py` writes it: every statement stands in a shape (one function, one way to put it) as an f-string whose values are
computed from the learned rows; what it claims is computed again on the rows that it is about. Fields of a line:

- `id`, `user_id`, `shape`, `text`;
- `truth`: `true`, `false`, or `uncheckable` (opinions, motives, moods and plans, which may never count as checked);
- `mutation`: how a false one was made of the true one that `base` names; `user` is the same text about another user (with
  that user's rows, or with those of the user of whom it is true), `evidence` the same text with rows that do not bear it out;
- `why`: the computation;
- `cites`: ids of rows, 16 hexadecimal digits; `{"statistic": {"dim", "key"}}`: the user's counts of a key, or of all
  purchases (both null); `{"person": attribute}`: what is given about the user.

Purchases are told of only where nothing was given back, so that counts and sums have one reading. "About" is within a tenth
where it is true, three tenths off where it is false; "most" is two thirds, or a third at most where it is false. Local time
counts, and the rows end on 31 May 2026.
"""
