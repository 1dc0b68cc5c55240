"""What a text is read as, whatever characters it is written with: letters of other alphabets, digits for letters, letters apart, unseen characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_WORD = re.compile(r"[^\W_]+")
# Letters that are drawn like Latin ones: Cyrillic, Greek and Armenian ones, small capitals and other forms that no normal form folds.
_LOOKALIKES: dict[int, int | str] = dict(
    str.maketrans(
        "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u04cf\u04af\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408\u0405\u04c0"
        "\u043a\u043c\u0442\u043d\u0432\u0433\u043f\u044c\u03bf\u03b1\u03bd\u03c1\u03b9\u03ba\u03c4\u03c5\u03b7\u03c9\u03c7\u03b2\u03b5\u03b3\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
        "\u0585\u057d\u0570\u0578\u0581\u0251\u0261\u0131\u0142\u00f8\u0111\u1d00\u0299\u1d04\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a\u1d0b\u029f\u1d0d\u0274\u1d0f\u1d18\u0280\ua731\u1d1b\u1d1c\u1d20\u1d21\u028f\u1d22",
        "aeopcyxijshdqwlyABEKMHOPCTYXIJSlkmthbrnboavpiktunwxbeyABEZHIKMNOPTYXouhngagilodabcdefghijklmnoprstuvwyz",
    )
)
# Letters in boxes and flags.
_LOOKALIKES |= {start + at: chr(97 + at) for start in (0x1F150, 0x1F170, 0x1F1E6) for at in range(26)}
_UNSEEN = dict.fromkeys(map(ord, "\u115f\u1160\u3164\uffa0\u2800\u180e"))
# Digits and signs in place of letters; one may stand for two.
_AS_LETTERS = tuple(str.maketrans("0134578@$!|+", f"o{one}eastbas{one}{one}t") for one in "il")
# A word of letters and such signs, figures apart.
_MIXED = re.compile(r"(?<!\S)(?=\S*[a-z])(?=\S*[0134578@$!|+])\S{3,}")
_INSIDE = re.compile(r"(?<=[^\W\d_])(?:[^\w\s]|_)+(?=[^\W\d_])")
_APART = re.compile(r"(?<![^\W_])[^\W_](?:(?:[^\w\s]|[\s_])+[^\W_](?![^\W_])){2,}")
_STRETCHED = re.compile(r"([^\W\d_])\1\1+")


def fold_plain(text: str) -> str:
    """Lower case without accents and punctuation, words apart by one blank, a blank at both ends.

    Letters that look like Latin ones become these, and characters that are not seen vanish.
    """
    return _spaced(_seen(text))


def readings(text: str) -> Iterator[str]:
    """What a text may be read as, folded: as it stands first, then with what is in disguise read as what it is meant for.

    Args:
        text: of any characters.
    """
    seen = _seen(text)
    known = {plain := _spaced(seen)}
    yield plain
    for other in _undisguised(seen):
        plain = _spaced(other)
        if plain not in known:
            known.add(plain)
            yield plain


def spelt_out(text: str) -> Iterator[str]:
    """Runs of letters that stand apart, joined."""
    for found in _APART.finditer(_seen(text)):
        yield "".join(_WORD.findall(found[0].lower()))


def _undisguised(seen: str) -> Iterator[str]:
    """The text with letters joined, signs within words left out, digits read as letters, stretched letters shortened."""
    if _INSIDE.search(seen):
        yield (joined := _INSIDE.sub("", seen))
        yield from _with_letters(joined)
    if _APART.search(seen):
        yield _APART.sub(lambda found: "".join(_WORD.findall(found[0])), seen)
    yield from _with_letters(seen)
    if _STRETCHED.search(seen):
        yield _STRETCHED.sub(r"\1", seen)
        yield _STRETCHED.sub(r"\1\1", seen)


def _with_letters(seen: str) -> Iterator[str]:
    if _MIXED.search(seen):
        for table in _AS_LETTERS:
            yield _MIXED.sub(lambda found, table=table: found[0].translate(table), seen)  # type: ignore[misc]


def _seen(text: str) -> str:
    """As it looks, in lower case and without accents."""
    if text.isascii():
        return text.lower().replace("'", "")
    shown = "".join(letter for letter in unicodedata.normalize("NFKC", text.translate(_UNSEEN)) if unicodedata.category(letter) != "Cf")
    folded = unicodedata.normalize("NFKD", shown.translate(_LOOKALIKES).lower().replace("ß", "ss"))
    return "".join(letter for letter in folded if not unicodedata.combining(letter) and letter not in "'\u2019")


def _spaced(seen: str) -> str:
    return f" {' '.join(_WORD.findall(seen))} "
