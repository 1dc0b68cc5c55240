"""Words with a meaning, and words without one that matters, as data.

A line in each table is a tag and its words and phrases, apart by commas. Whatever stands in none of them is not understood.
"""

from __future__ import annotations

_TAGS = {
    # Words that add nothing that could be false.
    "skip": (
        "the, a, an, this, these, those, their, his, her, its, our, it, he, she, they, there, here, user, users, customer, client, cardholder,"
        " account, account holder, member, shopper, person, of, with, at, in, on, for, by, into, onto, off, up, as a, had, has, have, having,"
        " do, does, did, be, been, being, also, too, so far, to date, all in all, all told, overall, in all, on record, on file, recorded,"
        " according to the data, in the data, in the records, in the history, in the period, over the period, among the transactions, altogether,"
        " who, whom, which, judging by, going by, based on, made there, done there, there is, there was, there are, there were, ever, already,"
        " own, place, places, one, ones, them, that, each time, name, named, called, among, when it comes to, as for,"
        " way, give or take a few days, give or take a couple of days, give or take a day or two, give or take, in total terms, namely, exactly,"
        " precisely, clearly, just, well, in fact, works, work, shows, show, mark, a certain, certain, local, everyday, everything,"
        " things, thing, something, anything, stuff, goods, products, items, item, articles, wallet, card, app, via, through, using, fan, regular,"
        " worth, came to, comes to, come to, amounts to, amounted to, amount to, stands at, stood at, runs to, ran to, reached, reaches,"
        " was for, costs, cost, priced at, habitually, habit, habits, routine, known, known for, appears, appear, appeared, registered,"
        " seen, found, listed, noted, counted, count, counts, makes, make, made, gets, get, got, sits, lies, lie, lay, stand, is about, in question,"
        " during the year, what, sent, sends, single, any one, range, ranges, ranged, vary, varies, in this period, same, merchant named, over time, within, one time, where, when, while at, respectively, always at the"
    ),
    "verb": (
        "is, are, was, were, went, go, goes, comes, come, came, date, dates, dated, fall, falls, fell, happen, happens, happened, took place,"
        " take place, takes place, occur, occurs, occurred, go to, goes to, went to, went through, took, takes, take, land, lands, landed, ended up,"
        " end up, ends up, flow, flows, flowed, belong, belongs, belonged, concern, concerns, concerned, account for, accounts for, accounted for,"
        " make up, makes up, made up, represent, represents, represented, constitute, constitutes, receives, received, receive"
    ),
    "buy": (
        "buy, buys, bought, buying, purchase at, purchased, pay, pays, paid, paying, shop at, shops, shopped, shopping, visit at, visited, visiting,"
        " drop by, drops by, dropped by, drop in, drops in, dropped in, pop into, pops into, popped into, use, uses, used, using, ordered, ordering,"
        " returns to, frequents, patronises, stopped by, stops by, stop by, called at, turns to, booked, books at, eats at, ate at, tops up at,"
        " is a customer of, was a customer of, customer of, visitor of, patron of, came, comes, been to, stayed at,"
        " charged, charges, charge, debited, shops at, shopped at, going, goes there, going to, go shopping, goes shopping, buy from, bought from"
    ),
    "event": (
        "purchase, purchases, payment, payments, transaction, transactions, visit, visits, order, orders, bill, bills, receipt, receipts, booking,"
        " bookings, card payment, card payments, payment card, entries, entry, checkout, checkouts, trip, trips, shopping trip, shopping trips,"
        " time, times, occasion, occasions, tickets, ticket, stop, stops, ride, rides, fare, fares, buys, rows, row, charges to the card"
    ),
    "spend": (
        "spent, spend, spends, spending, spendings, money, expenditure, expenses, outlay, sum, sums, amount, amounts, leaves, left, leave, cash, budget, turnover, revenue, value,"
        " paid in total, euro, euros, invested, invests, outgoings, price, prices, costing, basket, baskets, basket size"
    ),
    "redeem": (
        "redeem, redeems, redeemed, redemption, redemptions, redeeming, cashed in, cashes in, took up, takes up, made use of, makes use of,"
        " activated, claimed, claims, answered, answers, responded to, responds to, responds, coupon uses"
    ),
    "show": (
        "shown, sees, saw, see, exposure, exposures, impression, impressions, displayed, presented, exposed to, was shown, were shown, been shown,"
        " received offers for, got to see, appeared on the screen"
    ),
    "unused": "left unused, ignored, unused, unanswered, without a response, went unused, not taken up, let pass, passed over",
    "usedall": "used each time, used every time",
    "refund": (
        "refund, refunds, refunded, returned, return, returns, sent back, sends back, gave back, given back, gives back, money back, reimbursed, reimbursement,"
        " reimbursements, credited back, sent purchases back, sends purchases back, back, reversal, reversals, cancellation, cancellations, cancelled,"
        " brought back, took back"
    ),
    "message": "support, message, messages, wrote to, written to, written, wrote, write, writes, contacted, contact, contacts, customer service, complaint, complaints, got in touch with, help desk, enquiry, inquiry, inquiries, enquiries",
    "said": "told, asked, asks, tells, complained, complains, reported, reports, informed, wanted to know, enquired, inquired, mentioned, raised",
    "offer": "offer, offers, cashback, coupon, coupons, voucher, vouchers, deal, deals, cashback offer, cashback offers, promotion, promotions, discount offer, cashback deals",
    "descriptor": "descriptor, description, booking text, statement text, text",
    "total": (
        "total, in total, totals, totalled, totalling, totaled, sum up, add up, adds up, added up, adding up, summing up, sums up, altogether spent, combined,"
        " all together, in sum, summed, sum total, total of, a total of, to a total of, cumulative, aggregate"
    ),
    "mean": "average, on average, mean, averages, averaged, averaging, an average of, typical, typically spends, per-visit",
    "median": "median",
    "max": (
        "the most expensive, largest, biggest, highest, most expensive, dearest, priciest, the most, record, maximum, costliest, top, as much as, at the most, peak, heftiest"
    ),
    "min": "the least expensive, smallest, lowest, cheapest, the least, minimum, least expensive, tiniest",
    "most": "most",
    "category": "category, categories",
    "but": "but, yet, while, whereas, although, though, however",
    "least": "least",
    "important": "important, frequent, common, popular, visited, used, frequented, frequently visited, often visited",
    "neveragain": "never again, and never again, not again, never since, not since, nothing since, none since, nothing after that, none after that, not any more since then",
    "not": "not, no, cannot, n't",
    "nothing": "nothing, no one, none at all",
    "neither": "neither",
    "nor": "nor",
    "without": "without",
    "anymore": "any more, anymore, no longer, no more",
    "any": "any, at all, a single, single",
    "nootherwise": "at no other time, at no other times, nowhere else, nothing else, no other, and never otherwise, not at any other time",
    "only": "only, exclusively, solely, purely, entirely",
    "wherever": "wherever, whenever, in every case where",
    "more": "more",
    "fewer": "fewer, less",
    "many": "many, often, much, frequently",
    "than": "than, compared with, compared to, against",
    "as": "as",
    "outnumber": "outnumber, outnumbers, outnumbered, exceed in number, are more numerous than",
    "outnumbered": "are outnumbered by, is outnumbered by, were outnumbered by",
    "exceed": "exceed, exceeds, exceeded, exceeding, surpass, surpasses, surpassed, tops, topped, went beyond, goes beyond, went over, goes over",
    "above": "above, over, upwards of",
    "below": "below, under, beneath",
    "stay_below": "stays below, stayed below, stay below, stays under, stayed under, remain below, remained below, remains below",
    "higher": "higher, larger, bigger, dearer, pricier, greater, more expensive, costlier, steeper",
    "lower": "lower, smaller, cheaper, less expensive",
    "equal": "just as many, just as much, equally many, as many, the same number of",
    "much": "much, far, clearly, considerably, significantly, noticeably, a lot, slightly, somewhat, a little, a bit, way, well",
    "earlier": "earlier, sooner",
    "later": "later",
    "before": "before, prior to, ahead of",
    "after": "after, following",
    "again": "again, once more",
    "upfrom": "up from, an increase from, more than the",
    "downfrom": "down from, a decrease from",
    "different": "different, distinct, separate",
    "favourite": "favourite, favorite, number one, preferred",
    "then": "then, afterwards, later on",
    "per": "per",
    "up": "went up, rose, increased, grew, climbed, rises, grows, increases, went higher, has risen, has grown, jumped, growing, rising, more than before",
    "down": "went down, fell, decreased, shrank, dropped, declined, falls, shrinks, decreases, drops, sank, has fallen, shrinking, falling, declining",
    "double": "doubled, doubles, has doubled",
    "triple": "tripled, trebled",
    "halve": "halved, has halved, was cut in half",
    "shift": "shifted, moved, switched, migrated, relocated, changed, shifts, moves, switches, has moved, has switched",
    "stop": (
        "had come to an end, has come to an end, came to an end, ended, stopped, has stopped, had stopped, ceased, gave up, given up, abandoned, quit,"
        " is a thing of the past, a thing of the past, dropped out, has ended, was over, were over, dried up, have dried up, has dried up, broke off"
    ),
    "start": (
        "discovered, began, started, begun, has started, took up shopping at, first appeared, opened, picked up, first turned up, began shopping, started buying,"
        " began buying, started shopping, is new since, has been a customer since, relationship, first seen"
    ),
    "notuntil": "it was not until, not until, only since",
    "new": "is a new one, is new, new, recent, new one, newly",
    "didnotexist": "did not exist, not exist",
    "existed": "existed, exist",
    "awayfrom": "stayed away from, stayed away, has stayed away from, kept away from, been away from, away from, absent from, been absent from, not been seen at, since the last visit to, since the last payment to, since the last purchase at, since the last purchase, since the latest visit to, since the user last visited, since the last visit at, without a visit to, without a purchase at, without a payment to",
    "kept": "kept, has kept, keeps",
    "gap": "gap, gaps, break, breaks, interval, intervals, pause, pauses, distance, wait",
    "pass": "pass between, passes between, passed between, lie between, elapse between, go by between, between, pass, passes, elapse, elapses, apart",
    "next": "next, the next, the next one, the following one, consecutive, successive, adjacent",
    "lasted": "lasted, lasts, last for, was as long as",
    "longest": "longest",
    "shortest": "shortest",
    "usual": "usual, usually, typical, typically, normal, normally, as a rule, generally, regular",
    "wentby": "went by, goes by, passed, passes, goes past, went past",
    "everymonth": "every month, each month, every single month",
    "month": "month, months",
    "week": "week, weeks",
    "day": "day, days, the day, weekday stop, stop",
    "ago": "ago",
    "tend": "tends to, tend to, likes to, prefers to",
    "city": "city, cities, town, towns",
    "merchant": "merchant, merchants, shop, shops, store, stores, retailer, retailers, seller, sellers, vendor, vendors, chain, chains",
    "foreign": "foreign, abroad, overseas",
    "previous": "the one before it, the one before, the previous one, the one preceding it, the first one, its predecessor",
    "number": "by number of purchases, by the number of purchases, number of purchases, by number, in number",
    "byspend": "by spending, by money spent, by amount, in terms of money",
    "from": "from",
    "to": "to",
    "and": "and, as well as, plus, &",
    "or": "or",
    "both": "both",
    "oncemore": "and again",
    "all": "all, every, each, every single, every one, each one, without exception, always, invariably, each and every, all of it, all of them, every time",
    "mostly": "mostly, usually in, mainly, predominantly, chiefly, primarily, largely, for the most part, the majority, the bulk, more often than not, tends to pay",
    "often": "frequently",
    "rarely": "rarely, seldom, hardly ever, hardly any, hardly, scarcely, barely, only rarely, few, very few, scarcely any, barely any",
    "never": "never, not once, not a single, not one, none, not any, never once, at no time",
    "almostall": "nearly every, nearly all, almost all, almost every, almost always, nearly always, virtually all, practically all, practically always",
    "some": "some, at least one, several, a few, sometimes, occasionally, at times, now and then, certain of, a number of, some of",
    "half": "half the, half of, half",
    "latest": "so far this year",
}  # fmt: skip

_SIGNS = {",": "comma", ":": "colon", "(": "open", ")": "close", ";": "semicolon", ".": "stop_sign", "–": "dash", "—": "dash", "-": "dash", "!": "stop_sign"}  # noqa: RUF001

RANKS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10,
    "initial": 1, "earliest": 1, "opening": 1, "inaugural": 1, "last": -1, "latest": -1, "final": -1, "newest": -1, "penultimate": -2,
}  # fmt: skip
RANK_PHRASES = {
    ("most", "recent"): -1, ("most", "recently"): -1, ("very", "first"): 1, ("very", "last"): -1, ("opened", "with"): 1, ("for", "the", "first", "time"): 1,
    ("first", "ever"): 1, ("first", "time"): 1, ("last", "time"): -1, ("latest", "time"): -1, ("second", "time"): 2, ("lastly",): -1, ("started", "with"): 1,
    ("began", "with"): 1, ("most", "recent", "one"): -1, ("last", "one"): -1, ("first", "one"): 1, ("second", "last"): -2, ("last", "but", "one"): -2, ("next", "to", "last"): -2,
    ("last", "seen"): -1, ("first", "seen"): 1,
}  # fmt: skip


def _table() -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for tag, phrases in _TAGS.items():
        for phrase in phrases.split(","):
            words = tuple(phrase.strip().replace("n't", "not").split())
            if words:
                found.setdefault(words, tag)
    return found | {tuple(sign): tag for sign, tag in _SIGNS.items()}


PHRASES = _table()
LONGEST_PHRASE = max(len(words) for words in PHRASES)
FIRST_WORDS = frozenset(words[0] for words in (*PHRASES, *RANK_PHRASES))
