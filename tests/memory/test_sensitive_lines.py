"""What a line must not say of a user, in any wording and any letters, and what sounds alike and may be said."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.memory.sensitive import TOPICS, SensitiveConfig, are_sensitive, find_sensitive
from memlearn.memory.sensitive_said import INFERRED, LONE, STATED
from memlearn.memory.sensitive_words import HARMLESS

CONFIG = SensitiveConfig()

REFUSED: dict[str, tuple[str, ...]] = {
    "health": (
        "Anorexic.", "Diabetic.", "Seems bulimic.", "Has an eating disorder.", "Drinks too much.", "A heavy smoker.", "Smokes a lot.", "Recovering alcoholic.", "Addicted to sugar.", "Takes pills every day.",
        "Probably overweight.", "Trying to lose weight.", "Suffers from migraines.", "Has chronic pain.", "In therapy since May.", "Is deaf.", "Is blind.", "Hard of hearing.", "A wheelchair user.", "Has special needs.",
        "Depressed lately.", "Had a nervous breakdown.", "Probably bipolar.", "Is autistic.", "High blood pressure.", "Had a heart attack.", "Going through menopause.", "Takes drugs.", "A drug user.", "Recovering from surgery.",
        "Suffering from insomnia.", "Burned out.", "Terminally ill.", "Tested positive for COVID.", "Has HIV.", "Visually impaired.", "Disabled.", "Probably blind.", "Dying.", "Trinkt zu viel.",
    ),
    "pregnancy": (
        "Trying for a child.", "Trying for a baby.", "Is expecting.", "Expecting twins.", "Wants children.", "Planning a family.", "A mum-to-be.", "New mother.", "Breastfeeding.", "Is on the pill.", "Uses birth control.", "Had a baby in May.",
        "Infertile.", "Has morning sickness.", "Hoping for a baby.", "Due date in June.", "Expecting.", "First-time mother.", "Starting a family soon.", "Is schwanger.",
    ),
    "religion": (
        "Avoids pork.", "Does not eat pork.", "Never eats beef.", "Eats no pork.", "Abstains from alcohol.", "A teetotaller.", "Keeps kosher.", "Observes Ramadan.", "Celebrates Eid.", "Goes to mass on Sundays.", "Of faith.", "A churchgoer.",
        "Wears a hijab.", "Evangelical.", "Born again.", "Secular.", "Celebrates Hanukkah.", "A Jehovah's Witness.", "Stays away from alcohol.", "Fasting in March.",
    ),
    "politics": (
        "Left leaning.", "Leans right.", "A feminist.", "Votes green.", "Voted Labour.", "A Tory.", "Donates to a party: party donor.", "Union member.", "In a union.", "Pays union dues.", "On strike in May.", "A unionist.", "Goes to protests.",
        "Is conservative.", "A liberal.", "Signs petitions.", "Probably left.", "Marxist.", "A Brexiteer.", "Shop steward.",
    ),
    "sexuality": (
        "Gay.", "Is straight.", "Into men.", "Attracted to women.", "Bisexual.", "Trans person.", "Has an affair.", "Cheats on his partner.", "Uses dating apps.", "Closeted.", "Non-binary.", "Buys gifts for his boyfriend.", "Lives with her wife.",
        "Probably queer.", "Watches porn.", "Promiscuous.", "Goes to the pride parade.", "Homosexual.", "A virgin.", "Came out as gay.",
    ),
    "ethnicity": (
        "Turkish.", "Is Turkish.", "Of Turkish descent.", "Has African roots.", "A black woman.", "Probably black.", "The user is white.", "Polish immigrant.", "A foreigner.", "An expat.", "Mixed race.", "Arab.", "An asylum seeker.", "Dark-skinned.",
        "Seems to be Chinese.", "Kurdish family.", "Indian household.", "Undocumented.", "Born in Syria.", "Mother tongue Arabic.",
    ),
    "money trouble": (
        "Struggles to make ends meet.", "Gets welfare.", "On benefits.", "Lives from paycheck to paycheck.", "Lives hand to mouth.", "Strapped for cash.", "Money is tight.", "Deep in debt.", "Uses food banks.", "Got evicted.", "Homeless.",
        "Behind on rent.", "Lost her job.", "Was fired.", "Between jobs.", "Looking for work.", "Lives beyond his means.", "A gambler.", "Gambling again.", "Probably poor.", "Broke.", "Bad credit.", "Financially strained.", "Cannot pay the bills.",
        "On the dole.", "Receives unemployment benefits.", "Goes to the pawnshop.", "Maxed out.", "Low earner.", "Needy.",
    ),
    "crime and children": (
        "Has a criminal record.", "Was in prison.", "A convicted felon.", "Shoplifts.", "Steals.", "On probation.", "Deals in stolen goods.", "Smokes weed.", "Buys cannabis.", "A drug dealer: drug dealing.", "Commits fraud.", "Illegal immigrant.",
        "Has children.", "Her son is six.", "Has a six-year-old daughter.", "Single mother.", "Their kids go to school.", "Underage.", "Has a toddler.", "His child is ill.",
    ),
}  # fmt: skip

DISGUISED = [
    "D i a b e t i c", "d.i.a.b.e.t.i.c", "d-i-a-b-e-t-i-c", "D_i_a_b_e_t_i_c", "di-abetic", "dia*betic", "d1abetic", "d1ab3t1c", "D I A B E T I C person", "pr\u200begnant", "pr\u00adegnant", "pr\u2060egnant",
    "pre\u0301gnant", "\u0440regn\u0430nt", "\uff50regnant", "\U0001d429regnant", "\U0001f15fregnant", "\u1d18regnant", "preeegnant", "PREGNANT", "p r e g n a n t", "p/r/e/g/n/a/n/t", "preg\u3164nant", "pr3gnant", "mu$lim", "g@y", "6 purchases, g-a-y",
    "g a y", "Seems musl\u0456m", "\u0391norexic", "Anor\u0435xic", "an0rex1c", "Al\u0441oholic", "a l c o h o l i c s", "schw4nger", "H I V", "cr\u0131minal", "w3lfare", "Gets w.e.l.f.a.r.e", "unem\u200dployed", "b a n k r u p t",
]  # fmt: skip

INNOCENT = [
    "Buys pork belly.", "Likes Union Coffee.", "Bought a cross trainer.", "Buys baby spinach.", "Buys black beans.", "Buys white bread.", "Drinks a lot of coffee.", "Buys green tea.", "Buys extra virgin olive oil.", "Bought a smoked salmon.",
    "Buys kidney beans.", "Bought a BBQ smoker.", "Buys nail polish.", "Likes Turkish coffee.", "Goes to Indian restaurants.", "Favourite cuisine: Italian.", "Buys Greek yoghurt.", "Pays by American Express.", "Buys Polish sausage.", "Buys French wine.",
    "Never buys wine.", "Has never bought pork.", "Bought no beef in May 2026.", "Buys kids shoes.", "Buys children's books.", "Bought baby food twice.", "Buys root vegetables.", "Buys Roma tomatoes.", "Buys Dole bananas.", "Buys arabica beans.",
    "Bought a wood-fired pizza.", "Bought blinds.", "Bought a right-hand drill.", "Left €20 at the bakery.", "Turned left over offers.", "Buys straight-leg jeans.", "Bought black women's shoes.", "Buys red wine.", "Likes crime novels.", "Watches Prison Break.",
    "Bought weed killer.", "Donates to animal welfare.", "A minority of purchases are at Blue Bottle.", "A minor share of spending.", "A faithful guest of Blue Bottle.", "Expecting a parcel.", "Expecting a refund.", "Buys gluten-free bread.", "Buys oat milk.",
    "Late on Saturdays.", "Buys in the late evening.", "Poor answer to offers.", "Spends conservatively.", "Careful with money.", "Price sensitive.", "Broke the weekly habit in May.", "The habit broke off.", "Buys Christmas cookies.", "Shops at Easter.",
    "Pays in 3 parts.", "Uses Klarna.", "Bought a couch.", "Buys Union Jack socks.", "Bought a book on gardening.", "Bought Doctor Who DVDs.", "Dr Pepper fan.", "Hooked on podcasts.", "Immune to discounts.",
    "Fired up by offers.", "Buys 100% cotton.", "Visited 24x at B12 Store.", "R2-D2 toys: 2 purchases.", "Sends money by Western Union.", "Goes to a gym.", "Bought pans and pain au chocolat.", "Plays in a choir.", "Native app user.", "First-time visitor in May.", "Rides a Brompton.",
    "Active in the early morning; a lark.", "Orders for the office.", "Prefers the left seat.", "Travels to Greece in summer.", "Switched from Whole Milk to Oat Milk.", "Likes dark chocolate.", "Loves heavy metal.", "Bought an orange juice.", "Buys beer on Fridays.",
    "Has bought 2 items.", "Lives in Hessen.", "Speaks German.", "Language setting: Turkish.", "Uses the app in English.", "Retired the old card.", "Bought school supplies.", "Back to school sale in August.",
]  # fmt: skip


@pytest.mark.parametrize("topic", REFUSED)
def test_sensitive_lines_are_found_in_any_wording(topic: str) -> None:
    assert [text for text in REFUSED[topic] if find_sensitive(text, CONFIG) is None] == []


def test_sensitive_lines_are_found_in_any_letters() -> None:
    assert [text for text in DISGUISED if find_sensitive(text, CONFIG) is None] == []


def test_what_sounds_alike_may_be_said() -> None:
    assert len(INNOCENT) >= 80
    assert {text: found for text in INNOCENT if (found := find_sensitive(text, CONFIG)) is not None} == {}


def test_lines_of_a_release_are_judged_by_the_same_words() -> None:
    lone = {text for topic in REFUSED for text in REFUSED[topic] if not are_sensitive(pl.Series([text]), CONFIG)[0]}
    words = {word for group in LONE.values() for word in group}
    # What is sensitive as it stands alone is refused when it is written.
    assert all(any(word in text.lower() for word in words) for text in lone)
    assert not are_sensitive(pl.Series(INNOCENT), CONFIG).any()


def test_crime_children_and_money_trouble_are_no_topics_to_switch_off() -> None:
    bare = SensitiveConfig(topics=[])
    assert [find_sensitive(text, bare) is not None for text in ("Was in prison.", "Gets welfare.", "Has children.", "Probably poor.")] == [
        True
    ] * 4
    assert [find_sensitive(text, bare) for text in ("Turkish.", "Diabetic.", "Avoids pork.")] == [None] * 3
    assert find_sensitive("Avoids pork.", SensitiveConfig(topics=["health"])) is None


def test_what_is_allowed_may_be_said() -> None:
    allowed = SensitiveConfig(allow=["Turkish", "avoids pork"])
    assert [find_sensitive(text, allowed) for text in ("Turkish.", "Avoids pork.")] == [None, None]


_WORDS = st.sampled_from([word.replace("*", "") for topic in TOPICS for word in (*STATED[topic], *INFERRED.get(topic, ()))])


@given(
    _WORDS,
    st.sampled_from(["Probably {}.", "The user is {} now.", "{}", "It seems: {}!"]),
    st.sampled_from(["\u200b", "\u00ad", "\u2060"]),
    st.integers(0, 8),
)
def test_every_word_is_found_with_unseen_characters_in_it(word: str, frame: str, unseen: str, at: int) -> None:
    hidden = word[:at] + unseen + word[at:]
    if any(f" {phrase.replace('*', '')}" in f" {frame.format(word).lower()}" for phrase in HARMLESS):
        return
    assert find_sensitive(frame.format(hidden.upper()), CONFIG) is not None
