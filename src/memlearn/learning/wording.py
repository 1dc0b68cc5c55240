"""How strongly a sentence commands (policies) or advises (guidelines), judged by its words. Pure."""

from __future__ import annotations

import re

_FLAGS = re.IGNORECASE


def _patterns(*pairs: tuple[float, str]) -> tuple[tuple[float, re.Pattern[str]], ...]:
    return tuple((weight, re.compile(pattern, _FLAGS)) for weight, pattern in pairs)


_RULES = _patterns(
    (3.0, r"\b(?:must|shall|may|can|should|will) (?:not|never)\b|\b(?:cannot|can['’]t|won['’]t|mustn['’]t|(?<!we['’]ve )(?<!have )(?<!has )never(?! (?:had|want|been)))\b"),
    (3.0, r"\b(?:prohibited|forbidden|not (?:allowed|permitted|eligible|acceptable)|banned|disallowed)\b"),
    (3.0, r"\b(?:must|shall|required|mandatory|obligat\w+|needs? to|ha(?:s|ve) to be)\b"),
    (2.2, r"\b(?:do|does) (?:not|never)\b"),
    (2.2, r"\b(?:should|ought to)\b|\bif you\b.*\bwe(?:['’]ll| will|['’]d| would)\b"),
    (3.0, r"\b(?:may|can|will|must|should) only\b|\bonly (?:if|when|with|after|be|once|to)\b|\bif and only if\b|\bunless\b"),
    (2.5, r"\b(?:at most|at least|no more than|no later than|not exceed|up to|maximum|minimum|limited to|not more than)\b"),
    (2.5, r"\bwithin (?:the )?(?:first |last |next )?[\w-]+ (?:calendar |business |working )?(?:hours?|days?|weeks?|months?|years?)\b"),
    (2.0, r"\b\d+ (?:calendar |business |working )?(?:hours?|days?|weeks?|months?) (?:after|before|of|from)\b"),
    (2.0, r"\b(?:entitled|the right to|guarantee|subject to|without (?:notice|consent|permission|prior)|regardless of)\b"),
    (1.5, r"\b(?:consent|permission|approval|opt(?:ed)?[ -](?:out|in)|prior notice)\b"),
    (1.0, r"\b(?:we['’]ll|we will|we do|is|are) (?:not |always |never )?(?:refund|delet|disclos|notif|cancel|charg|sell|terminat|remov|honou?r)\w*\b"),
    # German and Italian.
    (3.0, r"\b(?:darf|dürfen|muss|müssen|verboten|untersagt|nicht gestattet|niemals|nur (?:wenn|mit|nach)|höchstens|mindestens|spätestens|innerhalb von)\b"),
    (3.0, r"\b(?:deve|devono|non può|non possono|vietat\w|obbligatori\w|mai|soltanto|al massimo|almeno|entro \d+)\b"),
)  # fmt: skip

_SUBJECTS = _patterns(
    (
        0.8,
        r"\b(?:offers?|promotions?|discounts?|coupons?|vouchers?|cashback|rewards?|marketing|advertis\w+|newsletters?|recommend\w*|campaigns?)\b",
    ),
    (0.6, r"\b(?:personal (?:data|information)|sensitive|minors?|children|under \d+|age|alcohol|gambling|tobacco|health|privacy)\b"),
    (
        0.6,
        r"\b(?:refund\w*|cancel\w*|return\w*|exchange\w*|payments?|charg\w+|billing|complain\w*|notif\w+|contact\w*|emails?|messages?)\b",
    ),
    (0.5, r"\b\d+\b"),
)

_HEDGES = _patterns(
    (
        1.5,
        r"\b(?:might|perhaps|sometimes|occasionally|rare(?:ly)?|in general|generally|typically|usually|could|working|plan(?:ning)?|try|while we|that['’]s)\b",
    ),
    (1.0, r"\b(?:this|these|those|such)\b"),
    (1.0, r"\bwe(?:['’]ve| have)? (?:believe|think|hope|know|love|want|strive|try|tried|understand)\b"),
    (
        1.2,
        r"\b(?:herein|hereby|hereunder|thereof|therein|notwithstanding|aforementioned|warrant(?:y|ies)|indemnif\w+|liabilit\w+|jurisdiction|severab\w+)\b",
    ),
)

_IMPERATIVES = (
    "use|avoid|write|keep|make|address|choose|ask|say|spell|capitali[sz]e|refer|put|give|tell|show|start|begin|include|check|consider|prefer|"
    "break|cut|replace|remove|name|link|describe|explain|be|focus|think|treat|respect|offer|thank|apologi[sz]e|answer|greet|sign|speak|talk|mention|"
    "state|mind|limit|lead|end|follow|stick|craft|aim|try|provide|create|test|remember|ensure|set|add|do|don['’]t|refrain|stop|"
    "italici[sz]e|abbreviate|define|introduce|identify|match|highlight|hyphenate|mirror|vary|label|reserve|personali[sz]e|let(?!['’]s)|help|read|pick|omit"
)
# Advice tells somebody to do something: an imperative where a clause begins, a modal verb, or what "we" do as a rule. The same words
# behind a subject ("people don't read", "you've never written", "the words we use") only report.
_ADVICE = _patterns(
    (3.2, rf"^(?:please |always |never )?(?:{_IMPERATIVES})\b(?! (?:of|is|are|was|were|has|can|to)\b)"),
    (
        3.2,
        rf"^(?:when|if|where|for|in|before|after|unless|whenever|to)\b[^.;:]{{3,90}}, (?:please |always |never |do not |don['’]t )?(?:{_IMPERATIVES})\b",
    ),
    (3.2, r"^(?:always|never) (?!\w*[^s]s\b)(?!been\b|had\b)\w"),
    (2.6, r"(?:^|[,;:—–] )(?:please )?(?:do not|don['’]t|never(?! (?:had|want|been|an?)\b)|avoid|refrain from)\b"),
    (2.6, r"\b(?:must|should|shall) (?:not|never)\b|\b(?:mustn['’]t|shouldn['’]t)\b"),
    (2.4, r"\b(?:must|should|ought to)\b"),
    (
        2.4,
        r"(?:^|[,;:—–] )(?:(?:and|but|so) )?we (?:prefer|recommend|suggest|avoid|never(?! want)|always|use|write|spell|capitali[sz]e|address|do not|don['’]t|refer)\b",
    ),
    (1.0, r"\b(?:instead of|rather than|as long as|whenever|wherever possible|unless)\b"),
    (
        3.0,
        r"\b(?:verwende|vermeide|schreibe|nutze|bitte|sollte[nt]?|niemals|immer)\b|\b(?:usa|usare|evita|evitare|scrivi|scrivere|preferisci|sempre|mai)\b",
    ),
)
_STYLE = _patterns(
    (
        1.0,
        r"\b(?:voice|tone|friendly|plain|clear|concise|jargon|sentences?|words?|active|passive|headings?|readers?|users?|customers?|audiences?)\b",
    ),
    (
        0.6,
        r"\b(?:contractions?|pronouns?|gender\w*|inclusive|titles?|numbers?|dates?|percent\w*|acronyms?|abbreviations?|capital\w*|emoji|exclamation)\b",
    ),
)
# A line that is marked as an example or as a reason is no advice itself.
_MARKED = re.compile(
    r"^(?:active|after|bad|before|better|correct|good|incorrect|no|original|passive|rationale|reason|right|why|wrong|yes)\s*:", _FLAGS
)
_REPORTING = _patterns(
    (1.5, r"\b(?:we(?:['’]ve| have)? (?:found|learned|discovered|hope|believe|know|think|understand|wrote|created)|i |my )\b"),
    (1.2, r"\b(?:might|maybe|perhaps|may be|can be|would be|could be)\b"),
)


def rule_strength(sentence: str) -> float:
    """How much a sentence reads like a rule; 2 and above is one."""
    if sentence.rstrip("\"'”’)").endswith("?"):
        return 0.0
    found = _strongest(sentence, _RULES)
    return round(found + min(1.4, _total(sentence, _SUBJECTS)) - _total(sentence, _HEDGES) - _length_cost(sentence), 3) if found else 0.0


def advice_strength(sentence: str) -> float:
    """How much a sentence reads like advice to who writes or speaks; 2 and above is one."""
    if sentence.rstrip("\"'”’)").endswith("?"):
        return 0.0
    found = 0.0 if _MARKED.match(sentence) else _strongest(sentence, _ADVICE)
    return round(found + min(1.4, _total(sentence, _STYLE)) - _total(sentence, _REPORTING) - _length_cost(sentence), 3) if found else 0.0


def _strongest(sentence: str, patterns: tuple[tuple[float, re.Pattern[str]], ...]) -> float:
    """The strongest sign in full, every further one by a third."""
    found = sorted((weight for weight, pattern in patterns if pattern.search(sentence)), reverse=True)
    return found[0] + sum(found[1:]) / 3 if found else 0.0


def _total(sentence: str, patterns: tuple[tuple[float, re.Pattern[str]], ...]) -> float:
    return sum(weight for weight, pattern in patterns if pattern.search(sentence))


def _length_cost(sentence: str) -> float:
    # Room is scarce: from 120 characters on, a sentence must say more.
    return max(0.0, (len(sentence) - 120) / 100)
