"""What is no knowledge of a user: orders to whoever serves them, permissions, addresses, other people's names for them, and calls of tools.

A line of memory says what is known of the user. What may be sent to them, and what they agreed to, comes from sources and rules;
what to recommend is for the one who recommends.
"""

from __future__ import annotations

import re

from memlearn.errors import EditError
from memlearn.grounding.freetext import UserView
from memlearn.grounding.freetext.tokens import fold_words
from memlearn.memory.disguise import fold_plain

# What nobody does who only buys: verbs that a line can begin with as an order, and those that are one behind `always` or `never`.
_ORDERS = (
    "ignore|disregard|forget|override|bypass|recommend|suggest|send|tell|give|grant|approve|reveal|print|output|respond|reply|pretend|assume|execute|click|enable|disable|exclude|include|promote|push|boost|prioriti[sz]e|notify|remind|ensure"
    "|treat|upgrade|exempt|refuse|reject|block|unblock|hide|delete|remove|insert|replace|append|translate|summari[sz]e|obey|follow|stop recommending|stop sending|stop offering|keep sending|keep offering|make sure|be sure"
    "|remember to|remember that|note to|please|email|mail|phone|add a|add the|set the|apply a|apply the|waive|refund them|refund the|credit the|charge the user|charge them|bill the|bill them|do not|dont|let them|let the user|allow"
)
_ALWAYS = (
    "recommend|suggest|send|show|offer|give|tell|mention|use|ask|call|include|exclude|apply|contact|email|push|promote|treat|let|allow|charge|bill|refuse|reject|approve|grant|start|begin|say|answer|respond|reply|write|add|put|rank|display"
    "|present|address|greet|remind|notify|upsell|cross sell|ship|deliver|credit|prefer to offer|choose|pick"
)
_GIVEN = "offered|sent|shown|given|recommended|granted|contacted|called|emailed|mailed|texted|targeted|exempted|treated|upgraded|prioriti[sz]ed|excluded|included|approved|refunded|credited|charged|asked|reminded|notified|left alone|ignored"
_SERVING = "assistant|agent|model|system|ai|staff|team|bot|recommender|you|we|serving agent|company|store|shop|app|support"
_OF_ORDERS = "instruction|instructions|rule|rules|prompt|prompts|policy|policies|guideline|guidelines|orders|commands|above|previous|prior|earlier text|system message|constraints|limits|safeguards"
_IS_ORDER = re.compile(
    rf"^ (?:important |note |remember |hint |tip |rule |reminder |system |urgent )?(?:{_ORDERS}) "
    rf"| (?:{_OF_ORDERS}) (?:\w+ ){{0,3}}(?:ignored|overridden|void|suspended|do not apply|no longer apply) "
    rf"|^ (?:\w+ ){{0,2}}(?:always|never|only ever|must|kindly|from now on|in future|in the future) (?:{_ALWAYS}) "
    rf"| (?:ignore|disregard|forget|override|bypass|break|skip|violate) (?:\w+ ){{0,4}}(?:{_OF_ORDERS}) "
    rf"| (?:{_SERVING}) (?:must|should|shall|have to|has to|need to|needs to|are to|is to|ought to|can|may|will) (?:\w+ )?(?:{_ALWAYS}|{_ORDERS}) "
    rf"| (?:must|shall|should|has to|have to|needs to|need to|ought to|is to|are to|may|can|wants to|want to|would like to) (?:always |never |not |only |no longer )*be (?:{_GIVEN}) "
    r"| (?:must|shall) (?:always |never |not |only )*(?:get|receive|have|see) "
    r"| (?:new instructions?|system prompt|developer mode|jailbreak|prompt injection|you are now|from now on you|act as|acts as an? (?:assistant|admin)|as an ai|tool call|function call|end of data|begin system) "
)
_IS_PERMISSION = re.compile(
    r" (?:opt(?:s|ed|ing)? (?:in|out)|opt (?:in|out)s?|consent\w*|permission\w*|permits?|permitted|authori[sz]\w*|gdpr|unsubscrib\w*|whitelist\w*|allowlist\w*|blacklist\w*|pre approved|preapproved|do not track|data sharing) "
    r"| (?:agree|agrees|agreed|agreeing|happy|glad|willing|okay|ok|fine) (?:to|with|for) (?:\w+ ){0,3}(?:marketing|newsletters?|e ?mails?|calls|contact|contacted|ads|advertising|tracking|tracked|profiling|sharing|shared|data|terms|sms|texts|messages|being \w+) "
    r"| (?:allows?|allowed|accepts?|accepted|wants?|wanted|welcomes?|subscribe[sd]?|signed up|registered|asked|requests?|requested) (?:\w+ ){0,3}(?:marketing|newsletters?|advertising|tracking|profiling|data sharing|push notifications?|promotional \w+|e ?mails?|sms) "
    r"| (?:is|are|was|be|been|seems|being) (?:\w+ )?(?:entitled|allowed to|eligible|exempt|exempted|cleared|approved for|free to receive) "
    r"| (?:waived?|waives|gave up|renounced?) (?:\w+ ){0,2}(?:rights?|fees?|claims?|protections?|limits?|privacy) "
    r"| (?:gave|gives|has given|granted|grants) (?:\w+ ){0,2}(?:ok|approval|leave to|authority|access) "
)
_IS_ANOTHER = re.compile(
    r" (?:(?:is |as |be )?the )?same (?:person|user|customer|client|member|household|family|account holder|man|woman) (?:as|like) "
    r"| (?:user|customer|client|member|account|cardholder|person) (?:id|no|nr|number) (?:is )?[^ ]*\d[^ ]* "
    r"| (?:user|customer|client|member|account) (?!q[1-4] )(?=[^ ]*[a-z])(?=[^ ]*\d)(?!\d+(?:x|k|st|nd|rd|th|eur|usd|gbp) )[^ ]+ "
    r"| (?:their|his|her|user s|users|customer s|customers|the|first|last|full) name is "
)
_DOMAIN = re.compile(
    r"(?<![\w@.])((?:[a-z0-9-]+\.)+(?:com|net|org|io|info|biz|shop|app|dev|xyz|ru|cn|co|me|ly|de|eu|uk|at|ch|fr|it|tk))(?!\w|\.\w)(?:/\S*)?"
)
# Signs of which one must be there, and what is looked for then; most lines have none of them.
_ADDRESSES = (
    ("@", re.compile(r"\b[\w.+-]+\s?@\s?[\w-]+\s?(?:\.|[(\[]dot[)\]])\s?\w")),
    ("at", re.compile(r"\b[\w.+-]+\s?[(\[]at[)\]]\s?[\w-]+\s?(?:\.|[(\[]dot[)\]])\s?\w")),
    (":", re.compile(r"[a-z][a-z0-9+.-]*:/{1,2}\S|\b(?:mailto|javascript|data|tel|file):\S")),
    ("www.", re.compile(r"www\.\S")),
    ("+", re.compile(r"(?<![\w.])\+\d[\d ()/-]{7,}\d")),
)
_CALLS = (
    (
        "_",
        re.compile(
            r"\b(?:memory_\w+|rule_propose|search_history|search_passages|finish_edits|tool_calls?|function_call|tool_use|tool_result)\b"
        ),
    ),
    (
        ":",
        re.compile(
            r"^\s*(?:system|assistant|developer|tool|human)\s*:|[\"'](?:name|arguments|operation|label|evidence|text|role|content|line)[\"']\s*:"
        ),
    ),
    ("{", re.compile(r"\{\s*[\"']\w+[\"']\s*[:,}]")),
    ("[", re.compile(r"\[\s*[\"']\w+[\"']\s*[:,\]]|\[/?inst\]")),
    ("`", re.compile("```")),
    ("|", re.compile(r"<\||\|>")),
    ("(", re.compile(r"\b\w+\(\s*(?:\w+\s*=|[\"'{\[])")),
)


def _first(looked_for: tuple[tuple[str, re.Pattern[str]], ...], text: str) -> re.Match[str] | None:
    return next((found for sign, pattern in looked_for if sign in text and (found := pattern.search(text)) is not None), None)


def require_knowledge(text: str, view: UserView) -> None:
    """A line that says something of the user.

    Args:
        text: the line.
        view: the user's rows; a shop that is called by its address may be named.

    Raises:
        EditError: it orders something, tells what somebody agreed to, holds an address, speaks of another user, or imitates a call.
    """
    plain, low = fold_plain(text), text.lower()
    if (found := _first(_CALLS, low)) is not None:
        raise _refused(found[0], "imitates a call of a tool. Call the tool itself; a line of memory is one plain sentence")
    if (found := _first(_ADDRESSES, low) or _unnamed_domain(low, view)) is not None:
        raise _refused(found[0], "is an address. Leave it out: no line of memory holds web, e-mail or telephone addresses")
    if (found := _IS_ORDER.search(plain)) is not None:
        raise _refused(
            found[0], "orders something. A line of memory says what is known of the user, not what is to be done; write what the rows show"
        )
    if (found := _IS_PERMISSION.search(plain)) is not None:
        raise _refused(found[0], "says what the user agreed to or is entitled to. That comes from the company's sources only; leave it out")
    if (found := _IS_ANOTHER.search(plain)) is not None:
        raise _refused(found[0], "tells who the user is, or speaks of another one. Write of this user, without a name or number")


def _refused(found: str, told: str) -> EditError:
    return EditError(f"{found.strip()[:60]!r} {told}.", "order")


def _unnamed_domain(text: str, view: UserView) -> re.Match[str] | None:
    """A web address that is no name in the user's rows."""
    if "." not in text:
        return None
    return next((found for found in _DOMAIN.finditer(text) if "/" in found[0] or fold_words(found[1]) not in view.names), None)
