"""Words with a meaning, and words without one that matters, as data.

A line in each table is a tag and its words and phrases, apart by commas. Whatever stands in none of them is not understood.
"""

from __future__ import annotations

import re

_TAGS = {
    # Words that add nothing that could be false.
    "skip": (
        "in the whole period, in the run, over the whole period, over the entire period, in the entire period, during the entire period, the whole time, further, purchase log, shopping history, across all merchants, across all purchases, across all shops, over all purchases, of all purchases taken together, for all purchases, the one of, the one for, the one worth, affair, matter, pastime, phenomenon, till, counter, lets, let, letting, value band, price band, band, of the period, of this period, during the period, in the observed period, over the observed period, the period, by far, to be precise, has on record, in the process, as such, observed, tracked, consumer, holder, involving, documented, in the dataset, in this data, in the transactions, at once, in one go, in a single go, in one sitting, at one time, pace, rhythm, frequency, cadence, cycle, schedule, pattern, at some point, includes, include, included, contains, contain, contained, features, feature, featured, involves, involve, involved, rank, ranks, ranked, opted for, opts for, ...,…, =, e.g., such as, as can be seen, of the year, the card, so, thus, hence, therefore, accordingly, altogether now, precise, exact, plain, pure, mere, total of all, back in time, respective, together with the, when counted, if one counts, looking at, looked at, as far as, in view of, none the less, nevertheless, in the meantime, meanwhile, at that, at that time, at the time, then and there, some time, it is, it was, there has been, there have been, there had been, there being, came about, come about, is recorded, are recorded, was recorded, were recorded, is noted, are noted, was noted, got noted, on the account, in the account, to the account, from the account, on this account, recorded so far, in those, by now, up to now, until now, till now, so far as, at present, currently, by that time, number of, the number of, across, anywhere, ?, out of them, of them, of these, of those, in number, this user, this customer, this person, this client, somebody, someone, the records show, records, the rows show, the data show, data, history, purchase history, transaction history, account history, log, logs, statement, statements, ledger, books, list, table, logged, recorded here, on the books, documented, registered here, on average terms, along, such, thereof, of which, as well, indeed, actually, really, simply, merely, in other words, that is, i e, e g, in the course of the year, inwithinso to speak, tally, tallies, in evidence, evident, visible, present, presence, took part, proves, proved, happened to be, can be seen, can be found, could be found, is seen, can be counted, add, adds, kind, kinds, type, types, sort, form, forms, field, area, sector, segment, department, branch, section, label, labelled, under the name, by the name of, result, results, figure, figures, level, side, part, parts, itself, themselves, himself, herself, they themselves, between them, between the two, away from home, within reach, at hand, in detail, in particular, as follows, see, concerning, regarding, related to, in connection  on behalf of, as regards, with regard to, with respect to, in terms of, relating to, concerned came in at, comes in at, comes out at, came out at, works out at, worked out at, works out to, equals, equal to, is equal to, means, meant, account statement, bank statement, us, we, you, your, my, seems to have been there, the, a, an, this, these, those, their, his, her, its, our, it, he, she, they, there, here, user, users, customer, client, cardholder,"
        " account, account holder, member, shopper, person, of, at, in, on, for, by, into, onto, off, up, had, has, have, having,"
        " do, does, did, be, been, being, also, too, so far, to date, all in all, all told, overall, in all, on record, on file, recorded,"
        " according to the data, in the data, in the records, in the history, in the period, over the period, among the transactions, altogether,"
        " who, whom, which, judging by, going by, based on, made there, done there, there is, there was, there are, there were, ever, already,"
        " own, place, places, one, ones, them, that, name, named, called, among, when it comes to, as for,"
        " way, give or take a few days, give or take a couple of days, give or take a day or two, give or take, namely, exactly,"
        " precisely, clearly, just, well, in fact, shows, show, mark, a certain, certain, local,"
        " things, thing, something, anything, stuff, goods,     wallet, card, via, through, using,"
        " worth, came to, comes to, come to, amounts to, amounted to, amount to, stands at, stood at, runs to, ran to, reached, reaches,"
        "     known, registered,"
        " seen, found, listed, noted, counted, count, counts, makes, make, made, gets, get, got, sits, lies, lie, lay, stand, is about, in question,"
        " during the year, what, in this period, merchant named, over time, within, where, when, while at, respectively"
    ),
    "verb": (
        "was the destination of, is the destination of, stands out, stood out, attracts, attracted, attract, making, splits into, split into, breaks down into, divide into, divides into, appear, appears, appeared, appearing, spread over, spread across, distributed over, distributed across, split between, split across, split over, divided between, became, become, becomes, gone to, turned into, turns into, produced, yielded, followed, follows, come in, came in, comes in, is found, are found, is concentrated, are concentrated, make up for, contribute, contributes, contributed, comprises, comprising, comprised, belonging, relating, associated with, linked to, tied to, accounted,  arise, arises, arose, originate, originates, originated, stem, stems, stemmed, derive, derives, derived, consist, consists, consisted, concentrate, concentrates, concentrated, cluster, clusters, clustered, spread, spreads, settled, settle, settles, remained, remain, remains, stayed, stays, stay, got through, went into, goes into, go into, flowed into, relate, relates, related, found their way, finds its way, made their way, are made, were made, was made, is made, carried out, were carried out, was carried out, done, were done, is done, was done, effected, placed, were placed, was placed, executed, settled at, being made, occurring, happening, coming, taking place, dating, dated back to, date back to, dates back to, go back to, goes back to, went back to, claimed a share of, covers, cover, covered, captures, captured, makes for, given to, directed to, directed at, devoted to, dedicated to, destined for, intended for, bound for, attributed to, attributable to, due to, is, are, was, were, went, go, goes, comes, come, came, date, dates, dated, happen, happens, happened, took place,"
        " take place, takes place, occur, occurs, occurred, go to, goes to, went to, went through, took, takes, take, land, lands, landed, ended up,"
        " end up, ends up, flow, flows, flowed, belong, belongs, belonged, concern, concerns, concerned, account for, accounts for, accounted for,"
        " make up, makes up, made up, represent, represents, represented, constitute, constitutes, receives, received, receive"
    ),
    "buy": (
        "returning customer of, returning customer at, returning visitor of, returning visitor to, repeat customer of, trying, diner, reader, traveller, traveler, commuter, purchaser, purchasing, obtained, obtains, dined, drove, rode, flew with, flies with, drove to, drives to, walked to, walks to, opened the wallet at, paid for, pays for, paid to, pays to, paid by, bought for, came through, passing through, passed through, on a trip to, on the road in, took a trip to, a trip to, trip to, a stay in, stay in, stays in, stayed in, spent time in, spends time in, spent some time in, was away in, was out in, was staying in, has stayed in, paying a visit to, paid a visit to, pays a visit to, paid visits to, paying visits to, rang, active, swings by, swung by, looks in at, looked in at, heads to, headed to, heads for, headed for, turns up at, turned up at, shows up at, showed up at, calls in at, called in at, calls at, called by, comes by, came by, visits the, made it to, makes it to, went over to, walks into, walked into, walks in at, steps into, stepped into, stocks up at, stocked up at, stocks up on, stocked up on, shops for, shopped for, gets from, got from, dines at, dined at, orders, ordered from, orders from, orders at, ordered at, picks up, purchases from, purchased from, purchased at, settles, transacted, transacts, transacting, frequented, patronised, patronized, patronizes, travelled, travels, travelled to, travelled with, rides with, rode with, fills up at, filled up at, refuels at, refuelled at, tanks at, books with, booked with, has been to, have been to, had been to, was seen at, been seen at, was a guest at, guest at, guest of, guests at, deals with, does business with, did business with, is a client of, is served by, was served by, checked out at, checks out at, tried, tries, tested, made use of the, attended, attends, grabbed, grabs, hits, hit, buyer of, buyer, buyers, shopper at, shopper, guest, patron, visitor, visitors, payer, makes purchases, made purchases, make purchases, made payments, makes payments, made a purchase, makes a purchase, made a payment, makes a payment, a payment went to, does the shopping at, did the shopping at, done shopping, did some shopping, does some shopping, acquired, acquires, acquire, procured, got hold of, supplied by, saw them, saw the user, saw this customer, saw the customer, sees the user, sees the customer, sees them, rang up, rung up, took payment, takes payment, accepted payment, at the till of, at the checkout of, at the counter of, the till at, swiped at, tapped at, swiped the card at, used the card at, buy, buys, bought, buying, purchased, pay, pays, paid, paying, shop at, shops, shopped, shopping, visited, visiting,"
        " drop by, drops by, dropped by, drop in, drops in, dropped in, pop into, pops into, popped into, use, uses, used, using, ordered, ordering,"
        " returns to, frequents, patronises, stopped by, stops by, stop by, called at, turns to, booked, books at, eats at, ate at, tops up at,"
        " is a customer of, was a customer of, customer of, visitor of, patron of, came, comes, been to, stayed at,"
        " charged, charges, charge, debited, shops at, shopped at, going, goes there, going to, go shopping, goes shopping, buy from, bought from"
    ),
    "event": (
        "visits number, purchases number, payments number, transactions number, tx, txn, txns, trx, trans, everyday payments, everyday purchases, invoice, invoices, debit, debits, purchase transaction, purchase transactions, shop visit, shop visits, store visit, store visits, errand, errands, swipe, swipes, tap, taps, acquisition, acquisitions, deal made, fill up, fill ups, refill, refills, meal, meals, cup, cups, coffee run, coffee runs,  appearance, appearances, return visit, return visits, encounter, encounters, charge, charges, posting, postings, line, lines, record of payment, instance, instances, case, cases, calls, shop stop, card transaction, card transactions, card purchase, card purchases, day trip, rounds, sessions, session, journeys, journey, tab, tabs, tabs paid, slip, slips,   time there, settlement, settlements, payment made, payments made, purchase made, purchases made, purchase, purchases, payment, payments, transaction, transactions, visit, visits, order, orders, bill, bills, receipt, receipts, booking,"
        " bookings, card payment, card payments, payment card, entries, entry, checkout, checkouts, trip, trips, shopping trip, shopping trips,"
        " time, times, occasion, occasions, tickets, ticket, stop, stops, ride, rides, fare, fares, buys, rows, row, charges to the card"
    ),
    "spend": (
        "spender, cost the user, costs the user, cost them, cost the customer, shelled out, shells out, forked out, forks out, parted with, parts with, laid out, paid out, splurged, splurges, ran up, runs up a bill, racked up, racks up, clocked up, dished out, cash outlay, spending total, money spent, amount spent, expense, costs in total, disbursed, outflow, outflows, bill total, gave out, put down, moneys, funds, consumption, spend total, volume, sales, total bill, overall bill, spendings total, purchase volume, financial outlay, set them back, set the user back, blew, spent, spend, spends, spending, spendings, money, expenditure, expenses, outlay, leaves, left, leave, cash, budget, turnover, revenue,"
        " paid in total, outgoings"
    ),
    "amount": "amount, amounts, sum, sums, value, price, prices,  basket, baskets, basket size, ticket size",
    "redeem": (
        "led to a redemption, redeem it, redeem them, redeeming it, redeemed offers, cash in, cashing in, took advantage of, takes advantage of, taken advantage of, take advantage of, converted, uptake, accepted, accepts, accept, acted on, acts on, exercised, exercises, benefited from, benefits from, made good on, has taken up, have taken up, taken up, picked an offer, answered with, cashed, redeem, redeems, redeemed, redemption, redemptions, redeeming, cashed in, cashes in, took up, takes up, made use of, makes use of,"
        " activated, claimed, claims, answered, answers, responded to, responds to, responds, coupon uses"
    ),
    "show": (
        "was sent, were sent, been sent, is sent, are sent, got sent, gets sent, sent to the user, sent to them, sent to her, sent to him, display, shown to them, being shown, advert shown, showings, showing, advertised, served with, was offered, were offered, been offered, offered, was presented with, presented with, saw an offer, saw offers, saw the offer, gets shown, got shown, been served, put in front of, displays, views, viewed, viewing, seen offers, offers seen, shown to the user, appeared before, pushed, received an offer, received the offer, received offers, receives offers, shown, exposure, exposures, impression, impressions, displayed, presented, exposed to, was shown, were shown, been shown,"
        " received offers for, got to see, appeared on the screen"
    ),
    "unused": "not lead to a redemption, led to no redemption, never led to a redemption, not result in a redemption, showed no interest in, shows no interest in, not responded to, did not respond to, did not react to, did not bite, went unredeemed, unredeemed, remained unused, remains unused, stayed unused, not redeemed, never redeemed, left untouched, left unredeemed, left unanswered, not used once, not taken advantage of, was passed over, were passed over, expired unused, fell flat, without redeeming, without any redemption, without a redemption, without being redeemed, with no redemption, to no effect, without effect, without success, came to nothing, in vain, disregarded, ignores, left unused, ignored, unused, unanswered, without a response, went unused, not taken up, let pass, passed over",
    "usedall": "used each time, used every time",
    "discounted": "at a discount, at discount, on discount, with a discount, at discounts, with discounts, discounted, at a reduced price, at reduced prices, marked down",
    "refund": (
        "took things back, chargeback, chargebacks, credit note, credit notes, credited, reimburses, refunds received, repaid, repayment, repayments, money returned, received back, got back, gets back, paid back, pays back, handed back, hands back, brings back, brought things back, took the goods back, reversed, voided, undone, cancels, cancel, cancelling, returning, cancelled payments, reversed payments, taken back, refund, refunds, refunded, returned, return, returns, sent back, sends back, gave back, given back, gives back, money back, reimbursed, reimbursement,"
        " reimbursements, credited back, sent purchases back, sends purchases back, back, reversal, reversals, cancellation, cancellations, cancelled,"
        " brought back, took back"
    ),
    "message": "emailed, mailed, e-mail, email, emails, got in touch, gets in touch, turned to support, turned to customer service, reached out to, reached out, helpline, support team, help team, helpdesk, support request, support requests, ticket to support, support message, support messages, query, queries, support contact, support contacts, chat, letters, letter, sent a message, sent messages, texts to support, addressed support, turned to the help desk, support, message, messages, wrote to, written to, written, wrote, write, writes, contacted, contact, contacts, customer service, complaint, complaints, got in touch with, help desk, enquiry, inquiry, inquiries, enquiries",
    "said": "told, asked, asks, tells, complained, complains, reported, reports, informed, wanted to know, enquired, inquired, mentioned, raised",
    "offer": "discount, discounts, cashback promotion, promo, promos, reward, rewards, incentive, incentives, bonus, bonuses, special offer, special offers, advert, adverts, ad, ads, offer, offers, cashback, coupon, coupons, voucher, vouchers, deal, deals, cashback offer, cashback offers, promotion, promotions, discount offer, cashback deals",
    "item": "item, items, product, products, article, articles",
    "cost": "cost, costs, costing, priced at, was for, is priced at, goes for, sells for, a time, apiece, a piece",
    "with": "including, with, having, among them, thereof",
    "mostoften": "in first place, is in first place, takes first place, holds first place, dominates, dominate, prevails, prevail, leads, leads the list, comes first, ranks first, tops the list, most often, most frequently, most commonly, most regularly, the most often, the most frequently, more often than any other, more than any other, more frequently than any other, more than in any other, more often than in any other, more than on any other, more often than on any other, more often than at any other",
    "leastoften": "least often, least frequently, least commonly, the least often, less often than any other, fewer than any other, less than any other",
    "outof": "out of, out of a total of, of a total of",
    "runnerup": "comes next, comes second, is second, in second place, ranks second, is the runner-up, is runner-up, second place goes to, takes second place, next comes, second comes, second is, comes in second, is in second place, followed by, ahead of, then come, then comes",
    "replaced": "replaced, replaces, has replaced, took the place of, supplanted, superseded",
    "saw": "saw, sees, see, seeing",
    "descriptor": "descriptor, description, booking text, statement text, text",
    "total": (
        "totaling, totalled up, comes to a total of, in aggregate, taken together, put together, all added up, sums to, sums, when added up, added together, on the whole, in the aggregate, cumulatively, grand total, overall total, all put together, come to a total of, reaching a total of, reaching, amounting to, summed to, over all, totting up to, tots up to, makes a total of, for a total of, with a total of, adding, all up, total value, combined value, sum of, total, in total, totals, totalled, totalling, totaled, sum up, add up, adds up, added up, adding up, summing up, sums up, altogether spent, combined,"
        " all together, in sum, summed, sum total, total of, a total of, to a total of, cumulative, aggregate"
    ),
    "mean": "avg, ave, mean amount, averaging at, averages out at, per head, average of, the average, mean value, mean of, on the average, average value, an average, average, on average, mean, averages, averaged, averaging, an average of, typical, typically spends, per-visit",
    "median": "median value, the median, median amount, in the middle, median",
    "max": (
        "with a maximum of, with a high of, a high of, single most expensive, single most costly, at most, the largest part of, largest part of, the biggest part of, the largest share of, the biggest share of, the greatest part of, max, largest single, biggest single, highest single, single largest, single biggest, the largest, the biggest, the highest, greatest, tallest, steepest, ceiling, upper limit, upper end, the dearest, record high, record amount, maximal, the maximum, high point, peaked at, peaks at, peaking at, topped out at, tops out at, highest ever, largest ever, biggest ever, at its highest, at its most expensive, at most ever, the most expensive, largest, biggest, highest, most expensive, dearest, priciest, record, maximum, costliest, top, as much as, at the most, peak, heftiest"
    ),
    "min": "with a minimum of, with a low of, a low of, min, the smallest, the lowest, the cheapest, tiniest, bottom, floor, lower end, lower limit, record low, minimal, the minimum, at its lowest, at its cheapest, smallest ever, lowest ever, bottomed out at, the least expensive, smallest, lowest, cheapest, minimum, least expensive, tiniest",
    "most": "most",
    "themost": "with most, has most, having the most, the most",
    "category": "of all categories, any category, category, categories",
    "habit": "habit, habits, routine, habit of shopping, habit of going, habit of buying",
    "sharenoun": "rate, ratio, share, shares, proportion, portion, percentage, quota, slice, a share, the share",
    "exception": "in a row, in succession, running, on end, at a stretch, back to back, all but, nothing but, none but, anything but, no one but, all but one, all except, but for, but not all",
    "everything": "everything, the lot, all of that",
    "throughout": "throughout, all through, right through",
    "but": "but, yet, while, whereas, although, though, however",
    "least": "the least",
    "busiest": "peaked, peaks, the most transactions, the most orders, the highest number of purchases, the largest number of purchases, the highest number of payments, the highest number of visits, the most bookings, the highest purchase count, strongest, strongest month of all, most often visited, most often used, liveliest, busiest, most active, most frequent, most common, most popular, the most purchases, the most visits, the most payments",
    "spread": "span from, spans from, spanned from, extend from, extends from, extended from, stretch from, stretches from, run from, runs from, ran from, span, spans, range, ranges, ranged, ranging, vary, varies, varied, varying, fluctuate, fluctuates, fluctuated, fluctuating, anywhere from",
    "rest": "the other, the others, the other ones, the remaining, the remaining ones, the rest, the rest of them, the remainder, remaining, the other half",
    "regularly": "regularly, on a regular basis, frequent customer, frequent customer of, frequent visitor, frequent visitor of, frequent guest, frequent shopper, frequent shopper at, a regular at, a regular of, regular customer, regular customer of, regular visitor, regular visitor of, regular shopper at, loyal customer of",
    "thanany": "than any other, than in any other, than at any other, than on any other, than for any other, than during any other, than from any other, than anywhere else, than anything else, than elsewhere, than at any other time, than at any other times, than any others, than any",
    "quietest": "quietest, least busy, slowest, calmest, weakest, least active, the fewest purchases, the fewest visits, the fewest payments, the fewest transactions, fewest purchases, fewest payments",
    "important": "largest, biggest, significant, frequently used, popular one, bought, purchased, patronised, often used, leading, important, frequent, common, popular, visited, used, frequented, frequently visited, often visited",
    "neveragain": "not been back, never been back, not gone back, not come back, never came back, never come back, never went back, not back since, never thereafter, nothing thereafter, none thereafter, not thereafter, nothing afterwards, none afterwards, never afterwards, nothing after, nothing later, none later, never again, and never again, not again, never since, not since, nothing since, none since, nothing after that, none after that, not any more since then",
    "not": "not, no, cannot, n't",
    "nothing": "nothing more, nothing further, nothing at all, nothing was bought, nothing bought, nothing has been bought, not a cent, not a single cent, not one cent, not a penny, nothing, no one, none at all",
    "neither": "neither",
    "nor": "nor",
    "without": "without",
    "anymore": "any more, anymore, no longer, no more",
    "any": "about anything, of anything, of any kind, of any sort, any, at all, a single, single",
    "nootherwise": "nowhere, in no other, at no other, on no other, at no other time, at no other times, nowhere else, nothing else, no other, and never otherwise, not at any other time",
    "only": "the only one, the only, sole, lone, solitary, only ever, nothing other than, just the, no other than, confined to, limited to, restricted to, reserved for, nowhere but, only, exclusively, solely, purely, entirely",
    "wherever": "wherever, whenever, in every case where",
    "more": "more of, a larger number of, a greater number of, a higher number of, more frequently, oftener, more",
    "fewer": "fewer of, a smaller number of, a lower number of, less of, less frequently, fewer, less",
    "many": "many, often, much, frequently",
    "than": "vs ., relative to, versus, vs, compared with, in comparison with, as compared with, than was the case, than there were, than,  compared to, against",
    "as": "as",
    "outnumber": "is preferred over, is preferred to, preferred over, preferred to, is favoured over, is favored over, favoured over, is chosen over, is ahead of, is well ahead of, beats, outpaces, outranks, is chosen more than, is used more than, is visited more than, outnumber, outnumbers, outnumbered, exceed in number, are more numerous than",
    "outnumbered": "are outnumbered by, is outnumbered by, were outnumbered by",
    "exceed": "exceed, exceeds, exceeded, exceeding, surpass, surpasses, surpassed, tops, topped, went beyond, goes beyond, went over, goes over",
    "above": "above, over, upwards of",
    "below": "drop below, drops below, dropped below, fall below, falls below, fell below, goes below, went below, below, under, beneath",
    "stay_below": "stays below, stayed below, stay below, stays under, stayed under, remain below, remained below, remains below",
    "sized": "expensive, costly, pricey, dear, high, large, big",
    "higher": "above that, heavier, fatter, taller, costlier than, more costly, higher, larger, bigger, dearer, pricier, greater, more expensive, costlier, steeper",
    "lower": "more modest, less costly, less, lighter, slimmer, lower, smaller, cheaper, less expensive",
    "equal": "exactly as many, exactly as often, equally often, just as often, as often, as much, as frequently, the same amount of, no more and no fewer, equally as many, just as many, just as much, equally many, as many, the same number of",
    "much": "much, far, clearly, considerably, significantly, noticeably, a lot, slightly, somewhat, a little, a bit, way, well",
    "earlier": "before that, first rather than, earlier",
    "later": "later",
    "before": "previously, formerly, beforehand, until then, up to then, before then, before that time, in the past, before, prior to",
    "after": "after, following",
    "again": "another time, again, once more",
    "upfrom": "up from, an increase from, more than the",
    "downfrom": "down from, a decrease from",
    "different": "unique, different, distinct, separate",
    "favourite": "main, principal, go-to, top, most loved, leading, first choice, number-one, favourite, favorite, number one, preferred",
    "then": "then, afterwards, later on",
    "per": "per",
    "up": "increase, rise, grow, climb, has increased, had increased, has grown, had grown, had risen, soared, surged, expanded, picked up pace, intensified, is rising, are rising, is growing, have increased, have risen, were up, was up, is up, swelled, higher than before, more often than before, upward, upwards, went upwards, gained, went up, rose, increased, grew, climbed, rises, grows, increases, went higher, has risen, has grown, jumped, growing, rising, more than before",
    "down": "decrease, shrink, drop, decline, fall, has decreased, has declined, has dropped, had fallen, had declined, plunged, slumped, reduced, were reduced, was reduced, has been reduced, slackened, diminished, contracted, is falling, are falling, have decreased, have fallen, have dropped, were down, was down, is down, lower than before, downward, downwards, went downwards, lost, ebbed, less than before, went down, fell, decreased, shrank, dropped, declined, falls, shrinks, decreases, drops, sank, has fallen, shrinking, falling, declining",
    "double": "twofold, doubling, has doubled, have doubled, was doubled, doubled, doubles, has doubled",
    "triple": "tripled, trebled",
    "halve": "halving, have halved, was halved, fell by half, dropped by half, were cut in half, halved, has halved, was cut in half",
    "shift": "exchanged, exchanges, swaps, trades, turned away from, switch, change, replace, transferred, transfers, shifts, shifting, moving, move, relocates, relocating, relocation, resettled, swapped, traded, gave way, gives way, made the switch, switching, passed over from, shifted, moved, switched, migrated, relocated, changed, shifts, moves, switches, has moved, has switched",
    "stop": (
        "cease, end, finish, packed in, was discontinued, were discontinued, discontinued, has been discontinued, was dropped, were dropped, has dropped, had dropped, fell silent, petered out, died down, fizzled out, ran out, broken off, has broken off, has given up, had given up, gives up, turned their back on, turned away from, lost to, left behind, has ceased, had ceased, disappeared, has disappeared, vanished, has vanished, came to a stop, came to a halt, has come to a halt, had come to a halt, had stopped, had ended, is history, are history, has lapsed, lapsed, has been abandoned, was abandoned, finished, has finished, done with, is over, are over, is finished, ended for good, stops, ceases, came to a close, has come to a close, drew to a close, dropped off, tailed off, has stayed out of, had come to an end, has come to an end, came to an end, ended, stopped, has stopped, had stopped, ceased, gave up, given up, abandoned, quit,"
        " is a thing of the past, a thing of the past, dropped out, has ended, was over, were over, dried up, have dried up, has dried up, broke off"
    ),
    "start": (
        "became part of, has become part of, became a part of, was added to, entered the picture, enters the picture, came into the picture, came on the scene, came along, first shows up, first showed up, shows up first, made its first appearance, makes its first appearance, emerged, emerges, turned up, cropped up, begin, start, starting to buy, first came to, began visiting, began going to, began to visit, began to shop at, began to buy, started to visit, started to shop at, started to buy, started visiting, started using, has been visiting since, has shopped at since, debut, debuted, begins, starts, commenced, took up, taken up shopping at, turned to, got to know, came across, found their way to, set in, kicked off, opened their account with, opened the account with, new to, first set foot in, made their debut at, became a customer of, becoming a customer of, became acquainted with, introduced, entered the scene, entered, arrived on the scene, came into play, joined, dates from, discovered, began, started, begun, has started, took up shopping at, first appeared, opened, picked up, first turned up, began shopping, started buying,"
        " began buying, started shopping, is new since, has been a customer since, relationship, first seen"
    ),
    "notuntil": "it was not until, not until, only since",
    "new": "is a new one, is new, new, recent, new one, newly",
    "didnotexist": "did not exist, not exist",
    "existed": "existed, exist",
    "awayfrom": "since the last, since the latest, since the most recent, since the final, has not been seen at, was not seen at, away, since last visiting, since the last stop at, since the most recent visit to, since the most recent since the final visit to, has gone without, gone without, went without, passed without, no trace of the user at, no sign of the user at, since anything was bought at, since anything was paid at, absence from, of absence from, since the user was at, since the user was last at, since being at, stayed away from, stayed away, has stayed away from, kept away from, been away from, away from, absent from, been absent from, not been seen at, since the last visit to, since the last payment to, since the last since the last purchase, since the latest visit to, since the user last visited, since the last visit at",
    "kept": "kept, has kept, keeps",
    "gap": "maximum gap, gap length, time span without, days without, period without, time without, stretch without, spacing, stretch, stretches, time between, days between, pauses between, waiting time, lull, dry spell, hiatus, gap in time, span, time span, lag, gap, gaps, break, breaks, interval, intervals, pause, pauses, distance, wait",
    "pass": "from one, from visit to, to elapse, to pass, go by, goes by, separate, separates, separated, lay between, lie, lies between, went by between, go by before, pass before, passes before, elapsed, elapsed between, between one, pass between, passes between, passed between, lie between, elapse between, go by between, between, pass, passes, elapse, elapses, apart",
    "next": "next, the next, the next one, the following one, consecutive, successive, adjacent",
    "lasted": "took, takes, measured, measures, spanned, spans, stretched over, was, amounts to days, ran for, lasting, lasted, lasts, last for, was as long as",
    "longest": "as long as, longest",
    "shortest": "shortest",
    "usual": "commonly, usual, usually, typical, typically, normal, normally, as a rule, generally, regular",
    "wentby": "have passed, has passed, had passed, have gone by, has gone by, have elapsed, has elapsed, gone by, went by, goes by, passed, passes, goes past, went past",
    "everymonth": "every month, each month, every single month",
    "month": "of all months, any month, month, months",
    "week": "week, weeks",
    "day": "of all days, day, days, the day, weekday stop, stop",
    "ago": "ago",
    "tend": "habitually, routinely, tend towards, is wont to, is in the habit of, has a habit of, tends to shop at, tends to visit, tends to go to, tends to buy, tends to, tend to",
    "city": "of all cities, place of payment, place of purchase, location, locations, municipality, city, cities, town, towns",
    "merchant": "venue, venues, of all merchants, of all shops, of all stores, any merchant, any shop, any store, trader, traders, business, businesses, brand, brands, outlet, outlets, dealer, dealers, supermarket chain, place to shop, supplier, suppliers, provider, providers, establishment, establishments, market, company, companies, partner, partners, payee, payees, counterparty, counterparties, address, addresses, haunt, haunts, merchant, merchants, shop, shops, store, stores, retailer, retailers, seller, sellers, vendor, vendors, chain, chains",
    "foreign": "in a foreign currency, foreign currency, in foreign currency, outside the country, from abroad, while abroad, in local currency, away on travel, foreign, abroad, overseas",
    "previous": "the one before it, the one before, the previous one, the one preceding it, the first one, its predecessor",
    "number": "in terms of the number of purchases, in terms of number, measured by number, measured in purchases, by count, counting purchases, by the number of visits, by number of visits, by visits, by the number of payments, by number of payments, in terms of visits, by frequency, judging by the number of purchases, in terms of purchases, by purchases, by number of purchases, by the number of purchases, number of purchases, by number, in number",
    "byspend": "by the money spent, in terms of spending, by total spending, by money, by value, by amount spent, measured in money, measured in euros, in money terms, by total amount, by the amount spent, by spending, by money spent, by amount, in terms of money",
    "from": "from",
    "to": "to",
    "and": "and, as well as, plus, &",
    "or": "or",
    "both": "both",
    "oncemore": "and again",
    "all": "in every case, each time, every last, entirely, the whole of, the entirety of, all the, without fail, all without exception, exclusively on, solely on, to the last, any and every, consistently, one hundred percent of, every bit of, in all cases, each individual, all, every, each, every single, every one, each one, without exception, always, invariably, each and every, all of it, all of them, every time",
    "mostly": "usually on,  most of the time, in most cases, predominantly on, in the main, above all, generally on, chiefly on, tends to shop, typically on, nearly exclusively, by and large, the majority of, a majority of, the greater part of, the better part of, the bulk of, the lion's share of, the lion's share, the lions share of, the larger part of, the vast majority of, a clear majority of, mostly, usually in, mainly, predominantly, chiefly, primarily, largely, for the most part, the majority, the bulk, more often than not, tends to pay",
    "often": "frequently",
    "rarely": "rare, a rarity, the exception, an exception, exceptional, only a few of, only few, infrequently, a small part of, a small minority of, a minority of, very rarely, almost never, nearly never, next to never, hardly a single, not often, precious few, once in a blue moon, a tiny part of, a fraction of, almost none, almost none of, next to none of, only now and then, rarely, seldom, hardly ever, hardly any, hardly, scarcely, barely, only rarely, few, very few, scarcely any, barely any",
    "never": "not one single, not a one, zero, at no point, never ever, none at all of, not even once, not even one, never yet, not ever, in no case, not a single one, nobody, without a single, never, not once, not a single, not one, none, not any, never once, at no time",
    "almostall": "all but all, close to all, just about all, just about every, practically every, virtually every, in nearly every case, in almost every case, nearly without exception, almost without exception, nearly the whole of, almost the whole of, almost exclusively, nearly exclusively, nearly every, nearly all, almost all, almost every, almost always, nearly always, virtually all, practically all, practically always",
    "some": "at least some, part of, some part of, more than one, any of, a couple of the, a handful of, one or more, one or two of, some, at least one, several, a few, sometimes, occasionally, at times, now and then, certain of, a number of, some of",
    "half": "half the, half of, half",
    "latest": "so far this year",
}  # fmt: skip

_SIGNS = {
    ",": "comma",
    ":": "colon",
    "(": "open",
    ")": "close",
    ";": "semicolon",
    ".": "stop_sign",
    "–": "dash",
    "—": "dash",
    "-": "dash",
    "!": "stop_sign",
}

RANKS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10,
    "initial": 1, "earliest": 1, "oldest": 1, "opening": 1, "inaugural": 1, "last": -1, "latest": -1, "final": -1, "newest": -1, "penultimate": -2,
}  # fmt: skip
RANK_PHRASES = {
    ("most", "recent"): -1, ("most", "recently"): -1, ("very", "first"): 1, ("very", "last"): -1, ("opened", "with"): 1, ("for", "the", "first", "time"): 1,
    ("first", "ever"): 1, ("first", "time"): 1, ("last", "time"): -1, ("latest", "time"): -1, ("second", "time"): 2, ("lastly",): -1, ("started", "with"): 1,
    ("began", "with"): 1, ("most", "recent", "one"): -1, ("last", "one"): -1, ("latest", "one"): -1, ("newest", "one"): -1, ("final", "one"): -1, ("first", "one"): 1, ("second", "last"): -2, ("last", "but", "one"): -2, ("next", "to", "last"): -2,
    ("last", "seen"): -1, ("first", "seen"): 1,
}  # fmt: skip


# What becomes of a price.
_BECAME = [
    "became",
    "become",
    "becomes",
    "becoming",
    "got",
    "get",
    "gets",
    "getting",
    "gotten",
    "grew",
    "grow",
    "grows",
    "growing",
    "turned",
]
_TURNED = {
    "dearer": "more expensive, dearer, pricier, costlier, more costly",
    "cheapened": "cheaper, less expensive, less costly, more affordable",
}


_HYPHEN = re.compile(r"(?<=[a-z])-(?=[a-z])")


def _table() -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for tag, phrases in _TAGS.items():
        for phrase in phrases.split(","):
            words = tuple(_HYPHEN.sub(" ", phrase.strip().replace("n't", "not")).split())
            if words:
                found.setdefault(words, tag)
    for tag, adjectives in _TURNED.items():
        found |= {(verb, *adjective.split()): tag for verb in _BECAME for adjective in adjectives.split(", ")}
    return found | {tuple(sign): tag for sign, tag in _SIGNS.items()}


PHRASES = _table()
LONGEST_PHRASE = max(len(words) for words in PHRASES)
# English names of places that go by another one at home.
EXONYMS = {
    "munich": "munchen", "cologne": "koln", "nuremberg": "nurnberg", "hanover": "hannover", "vienna": "wien", "prague": "praha", "warsaw": "warszawa", "rome": "roma",
    "milan": "milano", "florence": "firenze", "venice": "venezia", "naples": "napoli", "turin": "torino", "lisbon": "lisboa", "brussels": "bruxelles",
    "copenhagen": "kobenhavn", "athens": "athina", "geneva": "geneve", "lucerne": "luzern", "bavaria": "bayern", "saxony": "sachsen", "hesse": "hessen",
    "thuringia": "thuringen",
}  # fmt: skip
