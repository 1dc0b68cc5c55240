"""Words that only give a line its shape, and the places where they do no more than that, as data.

A line is verified only where every such word stands in one of its places. Elsewhere it may say something of its own:
`for` before an amount is a price, before `her shop` it is somebody whom no row knows.
"""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """Where a word adds nothing.

    Args:
        sign: what it is to its neighbours.
        before: signs of what may stand before it.
        after: signs of what may stand after it.
        kinds: words of which a category or name of the line must have one; empty: any will do.
        beside: signs of which the line must hold one; empty: any will do.
        without: signs of which the line must hold none.
    """

    sign: str
    before: frozenset[str]
    after: frozenset[str]
    kinds: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()


# Signs of what is no word of shape: `|` where a clause begins or ends; `meant` a word that a reading gives a meaning; the rest by type.
_GROUPS = {
    "EDGE": "| joint",
    "PLAIN": "| joint meant number money share duration rank per rate period weekday hour currency quote",
    "NAME": "merchant thing city",
    "FIGURE": "number money share duration rank per rate",
    "TIME": "period weekday hour rate currency duration",
    "PREP": "of at in on for by from to with over when",
    "NOUN": "event call payment bill spending amount offer redemption showing refund message dim unit",
    "DOES": "be have go happen come account buy visit pay pay_for spend redeem used show returned receive cost took got left shops told start has",
}

# What a category or a name says of its sort.
_SORTS = {
    "travel": "transport travel taxi rail train trains metro metroline bus tram airline airlines flight flights ferry",
    "lodging": "hotel hotels hostel hostels lodging accommodation inn",
    "food": "restaurant restaurants food delivery cafe bistro pizza trattoria dining canteen",
    "fuel": "fuel petrol gas tankstelle",
}
# Sign of the words; the words; where they may stand, as `before > after`, alternatives apart by `;`, with `@` and the sort of shop where it takes one,
# or `@ =` and what must stand elsewhere in the line, `@ !` and what must not.
_WORDS: tuple[tuple[str, str, str], ...] = (
    # who does it
    ("user", "user, customer, client, cardholder, shopper, account holder, this user, this customer, this client", (
        "EDGE that TIME > meant DOES NOUN rank money number recorded; | > |  @ =that; of by > EDGE meant PREP TIME NOUN DOES; for > |; as > of; be meant > NOUN rank meant; a > of that who; | > of")),
    ("a", "a, an", "EDGE be > user"),
    ("they", "they, he, she, it", "EDGE that meant offer redeem TIME payment bill event call > meant DOES; redeem returned buy > EDGE TIME number meant"),
    ("it", "it was, it is, that is", "EDGE meant > meant EDGE NAME TIME number money share PREP buy visit order used at redeem show returned rank"),
    ("them", "them", "of between among > PLAIN DOES PREP NOUN; redeem buy returned show used > EDGE TIME meant number PREP"),
    ("their", "their, his, her, its", "EDGE of be to meant with > NOUN meant share number rank money; of > NAME"),
    ("that", "that, who, which, whom, what", "of PLAIN NAME NOUN user them > meant DOES they it rank"),
    # is and has
    ("be", "is, are, be, being, was, were, been", (
        "NAME NOUN number share money rank TIME per meant quote they that user one gone shops show redeem > FIGURE meant TIME EDGE NAME quote buy visit order used happen redeem show returned charged spend recorded left where took;"
        "NAME NOUN number share money rank TIME meant have that one > PREP; | joint they user that meant have to > bare_rank at redeem show returned used customer meant a; NOUN have > NOUN meant;"
        "have > PREP be customer visit; | > NOUN; NAME meant that > dim user spending event; NOUN NAME number share money rank TIME per meant that > pay; they > spend buy visit;"
        "EDGE > user; meant > number; NOUN number share > to; have > duration buy spend; that > pay_for")),
    ("was", "was, were, been", "EDGE user they have dim NOUN NAME > in at"),
    ("be_about", "is about", "NAME NOUN meant > money number share duration rate"),
    ("have", "has, have, had, having", "EDGE user they that them meant TIME have > be buy visit used pay pay_for spend redeem show returned meant number money go come left have EDGE told message refund;"
     " NAME NOUN number money > be show meant number money go come have EDGE refund; they > at in on; meant > event call payment bill"),
    ("do", "does, do, did", "EDGE user they that meant NAME NOUN TIME > meant buy visit"),
    ("there", "there is, there was, there are, there were, there has been, there have been, there had been", "EDGE meant that TIME NOUN thing > NOUN number meant money rank city thing TIME"),
    ("placed", "there, made there", "go come buy visit been be NOUN meant FIGURE > PLAIN PREP"),
    # buying
    ("buy", "bought, buy, buys, buying, purchased, acquired, bought from, buy from, purchases, orders, ordered, ordering, picks up, shopped for, shops for", (
        "EDGE user they that have do be meant rank > thing number share money | meant PREP TIME rank something;"
        "NAME NOUN TIME FIGURE meant be > PREP | joint TIME number meant;"
        "meant > dim them")),
    ("from_whom", "bought from, buy from, ordered from, orders from", "EDGE user they that have do meant > merchant meant number share dim"),
    ("visit", "visits, visited, visiting, visit, shops at, shopped at, shop at, frequents, frequented, goes there, drops by, pops into, turns up at, stops by, was seen at, been to, has been to,"
     " have been to, back, returned to, returns to, tried, tries", (
        "EDGE user they that have do meant be them TIME > merchant city meant number;"
        "NAME be meant dim NOUN > number TIME EDGE meant PREP; PLAIN NOUN > event; meant > dim thing merchant")),
    ("visit", "stayed at", "EDGE user they that have do > merchant @ lodging"),
    ("visit", "ate at, eats at, dined at, dines at", "EDGE user they that have do meant > merchant @ food"),
    ("visit", "fills up at, filled up at, refuels at, refuelled at", "EDGE user they that have do meant > merchant @ fuel"),
    ("visit", "took, takes, rides with, rode with", "EDGE user they > merchant @ travel"),
    ("event", "ride, rides, fare, fares", "PLAIN NAME of at in on for by from to with > PLAIN NAME DOES PREP @ travel"),
    ("payment", "ticket, tickets", "PLAIN > PREP @ travel"),
    ("event", "meal, meals", "PLAIN thing > PLAIN DOES PREP @ food"),
    ("going", "going to", "meant > NAME meant number"),
    ("shops", "shops, shopping, shopped, shop", "EDGE user they that meant have > PREP TIME EDGE number meant; thing > be meant happen; meant > dim; | > EDGE meant at"),
    ("active", "active", "| > at"),
    ("customer", "customer of, visitor of, patron of, buyer, buyer of, shopper at, is a customer of, was a customer of", "| rate be meant have > NAME | meant TIME; thing meant > | TIME"),
    ("used", "used, uses, use, using", (
        "EDGE user they that have do meant > merchant meant number offer;"
        "NAME NOUN TIME FIGURE meant them be it > EDGE meant number TIME PREP; have be > NAME meant number EDGE")),
    ("pay", "paid, pays, paying, pay", (
        "EDGE user they that have do meant TIME > money thing at for in meant number per of event with on TIME; money number NOUN thing amount > at for in on to meant EDGE TIME number per money;"
        "be > in at for on meant EDGE TIME; EDGE user have they that > merchant")),
    ("pay_for", "paid for, pays for", "EDGE user they that have do meant > thing something money meant number per; amount be money NOUN > thing"),
    ("pay_for", " paid to, pays to", "EDGE user they that have do meant amount money NOUN number > merchant meant"),
    ("charged", "charged, debited", "merchant > money"),
    # going and happening
    ("go", "went to, goes to, go to, gone to, going, went, comes to, came to, goes into, go into", (
        "EDGE user they that have do meant money share number NOUN TIME > merchant city dim meant at money number share EDGE TIME spending to; NOUN money share number > thing; NOUN > merchant;"
        "thing > merchant; merchant > NOUN")),
    ("come", "come, came, comes, come in, came in, comes in, coming", (
        "NOUN number share money meant have that rate TIME thing > from; EDGE NOUN number share money meant have that rate TIME thing > in on at meant TIME number EDGE after visit; user they that > meant number TIME in on at")),
    ("happen", "happen, happened, happens, took place, take place, takes place, occurred, occurs, occur, fell, fall, falls, date, dates, dated, belong, belongs, appears, appear, appeared, spread over,"
     " is found, are found, ended up", (
        "NOUN NAME number share rank money meant TIME quote one of them have per that joint shops > PREP TIME meant rank EDGE number NAME money")),
    ("happen", "was made, were made, is made, are made, were placed, was placed, is recorded, are recorded, was recorded, were recorded, was done, were done", (
        "NOUN merchant city number share rank money meant TIME quote one of them per that joint > PREP TIME meant rank EDGE number NAME money;"
        "thing > PREP TIME @ =event|call|payment|bill")),
    ("recorded", "recorded, found, known, made, placed", "NOUN meant thing number > PREP TIME EDGE be placed meant; NAME be > EDGE; PREP meant > city dim; be > placed TIME meant"),
    ("made", "made, makes, make", "EDGE user they have number > event call payment number meant money @ =event|call|payment"),
    ("included", "included, includes, include", "NOUN TIME > NAME meant number"),
    ("account", "account for, accounts for, accounted for, make up, makes up, made up, represent, represents, represented", "NOUN NAME they meant EDGE that TIME > share meant money"),
    ("took", "takes, took, take, received, receives, receive, saw, see, sees, seeing", (
        "NAME them EDGE TIME NOUN > money NOUN meant share visit rank redeem show; NAME TIME NOUN > number; EDGE user they > show offer number meant; that > redeem show; it they > number duration;"
        "NOUN money be > on in from EDGE TIME meant")),
    ("got", "gets, get, got", "NAME TIME > event call meant money; offer that meant band > redeem show; thing > redeem; EDGE user they > money @ =returned; EDGE user they > refund"),
    ("left", "left, leaves, leave", "be > at @ =money; EDGE user they have > at spending meant; EDGE user they have > money @ =at"),
    ("has", "shows, show, stands at, stood at", "user they event call payment offer redemption account_of count_of > number NOUN meant; NAME > up"),
    # nouns of what happens
    ("call", "visit, visits, occasion, occasions, stop, stops, times, time", (
        "PLAIN NAME NOUN PREP there have be do used took got their that recorded has account them visit go one made user included > PLAIN NOUN PREP DOES that recorded placed joint them among one user customer")),
    ("call", "trip, trips", "| meant number rank their to of > PLAIN DOES PREP"),
    ("event", "purchase, purchases, transaction, transactions, order, orders, entries, rows, purchases made", (
        "PLAIN NAME NOUN PREP there have be do buy used took got their that recorded has account them visit go one made user included > PLAIN NOUN PREP DOES that recorded placed joint them worth among one user customer")),
    ("bill", "bill, bills, receipt, receipts, ticket", (
        "PLAIN NAME NOUN PREP there have be took got their that recorded has account them go one user > PLAIN NOUN be of at in on for from over by they DOES that recorded among with spread")),
    ("payment", "payment, payments, checkouts, payments made, everyday payments", (
        "PLAIN NAME NOUN PREP there have be took got their that recorded has account them go one user when > PLAIN city NOUN be of at in on for to over by they DOES that recorded worth among with placed spread")),
    ("spending", "spending, spend, money, money spent, spendings, expenditure, amount spent, outgoings", (
        "PLAIN NAME NOUN PREP their there took left user have go spend card be > PLAIN merchant thing PREP be user DOES NOUN that go")),
    ("spend", "spent, spends, spend, spending, paid in total", (
        "EDGE user they that have do meant TIME > money meant on at in rate per spending;"
        "money number NOUN be > on at in over TIME EDGE meant for; NAME > meant")),
    ("amount", "amount, amounts, sum, sums, price, prices, basket, baskets, value", "PLAIN NAME NOUN PREP their > PLAIN PREP NOUN DOES be pay pay_for"),
    ("cost", "cost, costs, costing", "PLAIN NAME NOUN user each that it > money number meant EDGE TIME between per"),
    ("cost", "a time, apiece, a piece", "money > EDGE TIME meant"),
    ("worth", "worth", "NOUN number > money meant"),
    # offers, refunds, messages
    ("offer", "offer, offers, coupon, coupons, voucher, vouchers, cashback, cashback offer, cashback offers, promotion, promotions, deal, deals", (
        "PLAIN NAME redeem show to from of used took their there among that do NOUN > PLAIN NAME NOUN DOES PREP that they joint redeem show used took be user recorded @ !buy|pay|spend|pay_for")),
    ("redeem", "redeemed, redeems, redeeming, redeem, redeeming it, led to a redemption, responds to, responded to, made use of, cashed in, unredeemed", (
        "EDGE user they that have do be it meant number offer thing took got TIME to per > be thing offer number share meant EDGE TIME PREP it them rank they; thing offer showing them took be > PREP")),
    ("redeem", "answered, answers", (
        "EDGE user they that have do be meant number offer thing TIME > thing offer number share meant EDGE TIME @ =offer|share")),
    ("redemption", "redemption, redemptions", "PLAIN NAME NOUN PREP their there > PLAIN NAME PREP DOES NOUN of_kind"),
    ("show", "shown, was shown, were shown, was sent, were sent, been sent, been shown, being shown, seen, saw, seeing, viewed, was presented with, exposed to, saw offers, saw an offer", (
        "EDGE user they that have be it meant number offer thing took got TIME to per rank from > be thing offer number share meant EDGE TIME PREP it them rank they; thing offer them be took > PREP")),
    ("show", "displayed, presented, sent to the user, sent to them, sent to her, sent to him", "be meant number offer thing > be PREP EDGE TIME meant"),
    ("showing", "exposure, exposures, impression, impressions, showing, showings", "PLAIN NAME NOUN PREP their there > PLAIN NAME PREP DOES NOUN"),
    ("refund", "refund, refunds, return, returns, cancellation, cancellations, reversal, reversals, money back, reimbursement, reimbursements, refunds received", (
        "PLAIN NAME NOUN PREP their there took got have be do > PLAIN NAME PREP DOES NOUN")),
    ("returned", "refunded, returned, cancelled, reversed, reimbursed, sent back, given back, gave back, sends back, returning, taken back, paid back, brought back, sent purchases back, back", (
        "EDGE user they that have do be meant money number thing NOUN it > thing number something EDGE TIME PREP money meant share they; merchant > money")),
    ("message", "message, messages, support, support message, support messages, customer service, support contact, support contacts", "PLAIN NAME NOUN PREP told their there have > PLAIN PREP DOES NOUN told that"),
    ("told", "wrote, wrote to, written, written to, contacted, contact, got in touch, got in touch with, turned to support, turned to customer service, reached out to", (
        "EDGE user they that have do meant > message meant EDGE TIME PREP number NOUN thing")),
    ("told", "told, asked", "EDGE user they that have do meant > message meant @ =message"),
    # sorts of names
    ("dim", "merchant, shop, store, category, city, item, product, day, the day, days, town, article", (
        "| meant rank recorded rate thing number money weekday visit shops buy > PLAIN NAME be of joint DOES PREP that recorded among redemption refund amount spending; of in at on by to from > | meant be of joint NAME dim number; be > visit that used; NAME meant be > visit")),
    ("dim", "merchants, shops, stores, categories, cities, items, products, towns, articles", "| meant rank number share city thing of recorded merchant user buy visit > PLAIN NAME be of NOUN DOES PREP that recorded among"),
    ("one", "ones, one, the one of, the one for", "PLAIN NAME NOUN in of > PLAIN NAME PREP be DOES NOUN that user"),
    ("unit", "mark", "money > EDGE TIME meant"),
    ("band", "value band, band", "thing > EDGE got meant took be redeem show"),
    ("the_till", "till", "merchant > EDGE"),
    ("something", "something, anything", "buy go meant have pay_for returned > PREP TIME number EDGE meant NAME"),
    ("of_kind", "concerned, related to, relating to", "redemption refund offer > thing"),
    ("affair", "affair, habit", "weekday hour rate > |"),
    ("card", "card", "| meant > spending"),
    ("place", "place", "meant > for"),
    ("account_of", "account", "| > has"),
    ("count_of", "count", "| meant > has"),
    ("case_of", "case", "meant > meant EDGE"),
    ("lets", "let, lets", "| meant user > meant duration"),
    ("lie", "lie, lies", "NAME NOUN meant rank EDGE > duration meant"),
    ("stay", "stay", "meant > meant"),
    ("gone", " went, passed, moved, went through", "NOUN meant money amount merchant > from meant on in TIME"),
    # how it began and ended
    ("meant", "stopped, has stopped, had stopped, stop, stops, ceased, has ceased, had ceased, cease, ceases, gave up, given up, has given up, had given up, gives up, quit, abandoned, done with", (
        "EDGE user they that have TIME meant > going buy visit shops used NAME meant on")),
    ("meant", "stopped, has stopped, had stopped, stop, stops, ceased, ended, end, had ended, has ended, came to an end, had come to an end, has come to an end, is over, are over, was over,"
     " were over, dried up, broke off, was dropped, were dropped, was discontinued, were discontinued, tailed off, petered out, died down, drew to a close, came to a close, a thing of the past, is a thing of the past, finished", (
        "NAME NOUN going meant TIME have shops that > EDGE in on at TIME meant")),
    ("start", "discovered, first came to, began visiting, began going to, began to visit, began to shop at, started visiting, started using, started to visit, started to shop at,"
     " became a customer of, first set foot in, got to know", "EDGE user they that have meant TIME > merchant thing city meant"),
    ("start", "started buying, began buying, started to buy, began to buy, starting to buy, started, began, begun, start, begin", "EDGE user they that have meant TIME > thing buy visit used going in on; NAME NOUN meant have TIME they > EDGE TIME PREP meant"),
    ("start", "entered the picture, enters the picture, came into the picture, first appeared, first showed up, emerged, turned up, cropped up, first turned up, set in, dates from, begins, starts, is new since,"
     " debuted, commenced, has started, first seen", "NAME NOUN meant money that rank dim joint > EDGE TIME PREP meant; have > EDGE TIME PREP"),
    ("relation", "relationship", "| meant > with"),
    # prepositions
    ("of", "of", "| meant FIGURE spending offer redemption showing refund message dim unit customer one spend pay_for TIME be that user thing joint account pay > FIGURE meant NOUN NAME TIME their them they user one that joint;"
        " event call payment bill amount > FIGURE meant NOUN thing city TIME their they user one that joint; bill call > merchant"),
    ("at", "at", "PLAIN NAME NOUN DOES FIGURE customer recorded them returned that something gone active be was start > merchant city money hour meant number share their rank TIME dim joint"),
    ("in", "in, within", "PLAIN NAME NOUN come go happen spend buy shops redeem took show recorded used visit order returned gone of_kind left cost message told something start > TIME thing city meant number duration currency dim rank money share joint; be city > TIME city currency meant number thing dim; was pay > city TIME currency meant"),
    ("on", "on", "PLAIN NAME NOUN DOES recorded redeem gone visit customer something told start be > TIME thing number meant rank duration share their dim joint"),
    ("for", "for", "PLAIN NAME NOUN buy pay redeem spend place order cost be returned took one customer > money thing duration number meant rank share TIME per event;"
     "spending amount offer money refund meant redemption showing place returned number dim one joint spend | merchant > merchant city"),
    ("by", "by", "returned money > merchant; redeem show visit buy spend pay used happen recorded > user; PLAIN NAME NOUN be > meant rate number duration; PLAIN NAME NOUN be > period"),
    ("over", "across, among", "PLAIN NAME NOUN recorded happen be offer go spend > meant number NOUN dim TIME NAME"),
    ("when", "when it comes to, judging by, as for", "PLAIN NAME NOUN DOES > NAME NOUN meant number"),
    ("when_", "when, while", "PLAIN NAME NOUN DOES > money"),
    ("where", "where", "PLAIN NAME NOUN be > money share number NOUN"),
    ("into", "into", "happen meant be > number share TIME"),
    ("up", "up", "has > number in at TIME meant"),
    ("off", "off", "number rank > at"),
    ("from", "from", "payment > merchant @ travel; meant duration > show redeem; PLAIN NAME NOUN DOES returned buy order come spend gone spread > TIME money number duration meant one rank share; PLAIN NAME spread refund event dim > city;"
     "buy order thing refund meant come returned offer dim number redemption | > merchant thing dim number; event > merchant; come > merchant meant number"),
    ("to", "to", "call go user NAME TIME money number share rank meant told message payment refund gone spending visit amount offer redemption showing message dim unit | returned > NAME TIME money number share duration meant rank one dim; payment > merchant; offer > be; be > merchant; happen > dim NAME TIME; thing > redeem @ =duration"),
    ("with", "with, including, having", "PLAIN NAME NOUN DOES spend recorded of_kind returned > number money meant share rank event call payment bill spending amount redemption showing refund message TIME per recorded event; meant relation > merchant; PLAIN NOUN > merchant; dim > thing"),
    ("spread", "range, ranges, ranged, ranging, vary, varies, varied, varying, span, spans, run from, ran from, runs from, fluctuate, fluctuates", "NOUN NAME meant > from meant money number"),
)  # fmt: skip

# Words that say nothing wherever they stand.
_SILENT = (
    "the, this, these, those, also, too, so far, to date, overall, in all, all in all, all told, altogether, exactly, precisely, already, ever, namely, on record, on file, of all, first rather than,"
    " up to now, until now, till now, by now, in the data, in the records, in the history, in the period, over the period, according to the data, in the whole period, over the whole period,"
    " in the run, in this period, in the observed period, over time, among the transactions, in the transactions, give or take, give or take a few days, give or take a couple of days,"
    " give or take a day or two, amounts to, amounted to, came to, comes to, come to, on the account, between them, of them, here, respectively, the one, amount to, alone,"
)
_KINDS = {
    "comma": "|", "colon": "|", "open": "|", "close": "|", "stop_sign": "|", "dash": "|", "semicolon": "|", "and": "joint", "or": "joint", "nor": "joint", "neither": "joint", "both": "joint", "but": "joint",
}  # fmt: skip


def _signs(told: str) -> frozenset[str]:
    found: list[str] = []
    for sign in told.split():
        found += _signs(_GROUPS[sign]) if sign in _GROUPS else [sign]
    return frozenset(found)


def _places() -> dict[str, tuple[Place, ...]]:
    found: dict[str, tuple[Place, ...]] = {}
    for sign, words, told in _WORDS:
        places = []
        for alternative in filter(str.strip, told.split(";")):
            before, _, rest = alternative.partition(">")
            after, _, only = map(str.strip, rest.partition("@"))
            listed = frozenset(only[1:].split("|"))
            beside, without = (listed if only.startswith(mark) else frozenset() for mark in "=!")
            places.append(Place(sign, _signs(before), _signs(after), frozenset(_SORTS.get(only, "").split()), beside, without))
        for word in filter(None, map(str.strip, words.split(","))):
            found[word] = (*found.get(word, ()), *places)
    return found


PLACES = _places()
"""Word or phrase → where it adds nothing."""

SILENT = frozenset(filter(None, map(str.strip, _SILENT.split(","))))
"""Words that add nothing wherever they stand."""

EDGES = _KINDS
"""Tag of a sign or a joining word → what it is to its neighbours."""
