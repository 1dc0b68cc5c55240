"""What a statement's claim comes to on rows: true, false, or neither clearly; with the computation in one line."""

from __future__ import annotations

from dataclasses import dataclass

CLOSE = 0.10
FAR = 0.30


@dataclass(frozen=True, slots=True)
class Verdict:
    """`truth` is None where a reader may round or read it either way; no statement of the corpus may be of that sort."""

    truth: bool | None
    why: str


def exact(said: float, found: float, what: str) -> Verdict:
    """An exact number."""
    return Verdict(said == found, f"{what}: {_short(found)}, said {_short(said)}")


def about(said: float, found: float, what: str) -> Verdict:
    """`About`, `roughly`, `around`: true within a tenth, false from three tenths on."""
    off = abs(said - found) / abs(found) if found else (0.0 if not said else 1.0)
    truth = True if off <= CLOSE else False if off >= FAR else None
    return Verdict(truth, f"{what}: {_short(found)}, said about {_short(said)}")


def over(said: float, found: float, what: str) -> Verdict:
    """`Over`, `more than`: true where it is more but not absurdly so; false where it is a tenth less at least."""
    truth = True if said < found <= said * 1.5 else False if found < said * (1 - CLOSE) else None
    return Verdict(truth, f"{what}: {_short(found)}, said over {_short(said)}")


def nearly(said: float, found: float, what: str) -> Verdict:
    """`Nearly`, `almost`: just below it."""
    truth = True if said * (1 - CLOSE) <= found < said else False if abs(said - found) >= FAR * found else None
    return Verdict(truth, f"{what}: {_short(found)}, said nearly {_short(said)}")


def at_least(said: float, found: float, what: str) -> Verdict:
    """`At least`, `no fewer than`."""
    return Verdict(found >= said, f"{what}: {_short(found)}, said at least {_short(said)}")


def at_most(said: float, found: float, what: str) -> Verdict:
    """`At most`, `never more than`, `up to`."""
    return Verdict(found <= said, f"{what}: {_short(found)}, said at most {_short(said)}")


def most(hits: int, of: int, what: str) -> Verdict:
    """`Mostly`, `usually`, `mainly`: two thirds and more; a third and less is false."""
    truth = None if not of else True if 3 * hits >= 2 * of else False if 3 * hits <= of else None
    return Verdict(truth, f"{what}: {hits} of {of}, said most")


def hardly(hits: int, of: int, what: str) -> Verdict:
    """`Hardly ever`, `rarely`: a tenth and less but not none; a third and more is false."""
    truth = True if 0 < 10 * hits <= of else False if 3 * hits >= of else None
    return Verdict(truth, f"{what}: {hits} of {of}, said hardly any")


def every(hits: int, of: int, what: str) -> Verdict:
    """`All`, `always`, `only`."""
    return Verdict(0 < of == hits, f"{what}: {hits} of {of}, said all")


def none(hits: int, what: str) -> Verdict:
    """`Never`, `no`, `not once`."""
    return Verdict(hits == 0, f"{what}: {hits}, said none")


def some(hits: int, what: str) -> Verdict:
    """That there is one at all."""
    return Verdict(hits > 0, f"{what}: {hits}, said some")


def more(first: float, second: float, what: str) -> Verdict:
    """`More than`: true and false need a distance of three tenths, or of three."""
    apart = abs(first - second) >= max(3.0, FAR * min(abs(first), abs(second)))
    return Verdict(first > second if apart else None, f"{what}: {_short(first)} and {_short(second)}, said the first is more")


def same(said: object, found: object, what: str) -> Verdict:
    """Names, dates, weekdays."""
    return Verdict(said == found, f"{what}: {_plain(found)}, said {_plain(said)}")


def earlier(first: object, second: object, what: str) -> Verdict:
    """`Before`: strictly."""
    return Verdict(str(first) < str(second), f"{what}: {first} and {second}, said the first is earlier")


def both(*verdicts: Verdict) -> Verdict:
    """Several claims in one sentence: false where one is false, true where all are true."""
    truths = [verdict.truth for verdict in verdicts]
    truth = False if False in truths else None if None in truths else True
    return Verdict(truth, "; ".join(verdict.why for verdict in verdicts))


def _plain(value: object) -> str:
    return " and ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
