"""Two sentences of documents say the same only where nobody would miss the second."""

from __future__ import annotations

import pytest

from memlearn.learning.same_rule import says_the_same

SAME = [
    ("Refunds must be paid within 14 days.", "Refunds  must be paid within 14 days."),
    ("Refunds must be paid within 14 days.", "Within 14 days, refunds must be paid."),
    ("Refunds must be paid within 14 days.", "Every refund must be paid within fourteen days."),
    ("Refunds must be paid within 14 days.", "We must pay all refunds within two weeks."),
    ("Refunds must be paid within 14 days.", "A refund shall be paid no later than 14 days."),
    ("Offers for alcohol must never be shown to minors under 18.", "Offers for alcohol must never be shown to any minors under 18 years."),
    ("Offers for alcohol must never be shown to minors.", "An offer for alcohol must not be shown to a minor."),
    ("Offers for alcohol must not be shown to minors.", "Offers for alcohol can't be displayed to minors."),
    ("At most two push messages a week may be sent to one customer.", "Up to 2 push messages per week may be sent to a client."),
    ("At most two push messages a week may be sent to a customer.", "No more than two push messages weekly may be sent to a customer."),
    ("If a customer complains, staff must answer within 3 days.", "Staff must answer within three days if a customer complains."),
    ("When a customer complains, employees must answer within 3 days.", "Staff must answer within 3 days if a customer complains."),
    ("Before data is collected, consent must be obtained.", "Consent must be obtained before the data are collected."),
    ("Customers must be told the price by the agent.", "The agent must tell customers the price."),
    ("Passwords may not be shared.", "Nobody may share passwords."),
    ("Vouchers of more than €50 need to be approved.", "Vouchers of more than 50 euros must be approved."),
    ("A discount may not exceed 20 percent.", "Discounts may not exceed 20 %."),
    ("Coupons may only be sent to customers who opted in.", "Coupons may only be sent to customers who have opted in."),
    ("Avoid jargon in messages.", "Do not use jargon in messages."),
    ("Never use jargon in messages.", "Don't use jargon in any message."),
    ("Do not send more than 3 emails a month.", "Never send more than three e-mails per month."),
    ("If a customer is in doubt, never guess.", "Never guess if a customer is in doubt."),
    ("Always write short sentences.", "Write short sentences."),
    ("Members aged 18 or older may buy wine.", "Members aged 18 or over may buy wine."),
    ("In marketing emails, prices must include taxes.", "Prices must include taxes in marketing emails."),
    ("Customers do not have to give a reason.", "Customers need not give a reason."),
    ("Alkohol darf nie beworben werden.", "Alkohol darf nie beworben  werden."),
    ("Names and addresses must be deleted after 30 days.", "Addresses and names must be deleted after 30 days."),
    ("Personal data must be deleted once a year.", "Personal data must be deleted once per year."),
]

DIFFERENT = [
    # other subjects
    ("Refunds must be paid within 14 days.", "Every complaint must be answered within 3 days."),
    ("Refunds must be paid within 14 days.", "Invoices must be paid within 14 days."),
    ("Refunds must be paid within 14 days.", "Refunds must be announced within 14 days."),
    (
        "Refunds for parcels lost on the way must be paid to the customer's bank account within 14 days.",
        "Refunds for parcels damaged on the way must be paid to the customer's bank account within 14 days.",
    ),
    ("Complaints must be answered by the shop.", "Complaints must be answered by the agent."),
    # narrower or wider
    ("Refunds must be paid within 14 days.", "Cash refunds must be paid within 14 days."),
    ("Offers must never be shown to minors.", "Offers must never be shown to minors at night."),
    # numbers, durations, amounts, bounds
    ("Refunds must be paid within 14 days.", "Refunds must be paid within 15 days."),
    ("Refunds must be paid within 14 days.", "Refunds must be paid within 14 weeks."),
    ("Refunds must be paid within 14 days.", "Refunds must be paid within 14 business days."),
    ("Refunds must be paid within 14 days.", "Refunds must be paid."),
    ("Vouchers above €50 must be approved.", "Vouchers above $50 must be approved."),
    ("Vouchers above €50 must be approved.", "Vouchers under €50 must be approved."),
    ("At most two messages may be sent.", "At least two messages may be sent."),
    ("Offers must not be shown to customers under 18.", "Offers must not be shown to customers over 18."),
    ("Send two emails and three letters.", "Send three emails and two letters."),
    ("Two messages may be sent a week.", "Two messages may be sent a month."),
    # denials, conditions, strength
    ("Offers may be shown to members.", "Offers may not be shown to members."),
    ("Offers must not be shown to members who consented.", "Offers must be shown to members who have not consented."),
    ("Offers may be shown to customers who opted in.", "Offers may be shown to customers who opted out."),
    ("Push messages must be sent with consent.", "Push messages must be sent without consent."),
    ("Not all staff may read salaries.", "Staff may not read salaries."),
    ("Only staff may read salaries.", "Staff may read salaries."),
    ("Only staff may read salaries.", "Staff may only read salaries."),
    ("Refunds must be paid if the parcel is lost.", "Refunds must be paid unless the parcel is lost."),
    ("Refunds must be paid.", "Refunds may be paid."),
    ("Refunds must be paid.", "Refunds should be paid."),
    ("Customers must not give a reason.", "Customers do not have to give a reason."),
    ("Show prices but not discounts.", "Show discounts but not prices."),
    ("Staff may read names and must not read salaries.", "Staff may read salaries and must not read names."),
    ("Use names and avoid titles.", "Use titles and avoid names."),
    ("Always show the price, never the cost.", "Always show the cost, never the price."),
    ("Managers must approve refunds, agents must not.", "Agents must approve refunds, managers must not."),
    ("Names or addresses must be deleted.", "Names and addresses must be deleted."),
    # who does what to whom, and in which order
    ("Agents must not call customers.", "Customers must not call agents."),
    ("Customers must be called by agents.", "Customers must call agents."),
    ("Consent must be obtained before data is collected.", "Data must be collected before consent is obtained."),
    ("Refunds must be paid before the order is cancelled.", "Refunds must be paid after the order is cancelled."),
    ("Points may be moved from vouchers to refunds.", "Points may be moved from refunds to vouchers."),
    ("Write euros instead of EUR.", "Write EUR instead of euros."),
    ("We must pay your costs.", "You must pay our costs."),
    ("Payments are due on 5 May.", "Payments are due on 5 June."),
    ("Offers must end on Monday.", "Offers must end on Friday."),
    ("Alkohol darf nie beworben werden.", "Tabak darf nie beworben werden."),
    ("Alkohol darf nicht beworben werden.", "Alkohol darf nur beworben werden."),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_says_the_same(one: str, other: str) -> None:
    assert says_the_same(one, other)
    assert says_the_same(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_does_not(one: str, other: str) -> None:
    assert not says_the_same(one, other)
    assert not says_the_same(other, one)


@pytest.mark.parametrize("text", sorted({text for pair in SAME + DIFFERENT for text in pair}))
def test_a_sentence_says_the_same_as_itself(text: str) -> None:
    assert says_the_same(text, text.upper())
    assert says_the_same(f"  {text} ", text)
