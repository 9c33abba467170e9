"""The parts of a score that only a stream brings: docs/methodology.md, "Between updates of a book" and "sentiment.liquidations"."""

import math

LEVELS, FLEETING, LONGEST_STEP, SETTLED, FEWEST_TRADES, SHORTEST = 10, 2_000, 10_000, 1_000, 30, 60_000


def books(came):
    """(time, the ten best bids and asks as price -> size) after each update; None where the book is absent. Trades beside it."""
    bids, asks, trades, all_books = {}, {}, [], []
    for what, *rest in came:
        if what == "trade":
            trades.append(rest)
        elif what == "interruption":
            all_books.append(None)
        else:
            time, *sides = rest
            for side, levels in zip((bids, asks), sides):
                side.update(map(tuple, levels))
                for price in [price for price, size in side.items() if size == 0]:
                    del side[price]
            best = lambda side, is_bid: dict(sorted(side.items(), reverse=is_bid)[:LEVELS])
            all_books.append((time, best(bids, True), best(asks, False)))
    return all_books, trades


def order_flow(before, after):
    (_, bids, asks), (_, next_bids, next_asks) = before, after
    (bid, size), (ask, offered) = next(iter(bids.items())), next(iter(asks.items()))
    (next_bid, next_size), (next_ask, next_offered) = next(iter(next_bids.items())), next(iter(next_asks.items()))
    return (next_size * (next_bid >= bid) - size * (next_bid <= bid)
            + offered * (next_ask >= ask) - next_offered * (next_ask <= ask))


def parts(came):
    """Part -> (lean, figure)."""
    all_books, trades = books(came)
    end = all_books[-1][0]
    sums = dict.fromkeys(["observed", "net", "all", "trades"], 0)
    shown, fleeting, taken, restored = ([0, 0] for _ in range(4))
    lately = {}
    for before, after in zip(all_books, all_books[1:]):
        if before is None or after is None or not 0 <= after[0] - before[0] <= LONGEST_STEP:
            # What is gone afterwards may have been traded.
            lately = {}
            continue
        (start, *sides), (stop, *next_sides) = before, after
        if end - stop < SETTLED:
            continue
        flow = order_flow(before, after)
        sums["observed"] += stop - start
        sums["net"] += flow
        sums["all"] += abs(flow)
        met = [trade for trade in trades if start < trade[0] <= stop]
        sums["trades"] += len(met)
        for nth, (side, next_side, taker, edge) in enumerate(zip(sides, next_sides, ("sell", "buy"), (max, min))):
            against = [trade for trade in met if trade[1] == taker]
            taken[nth] += sum(size for *_, size in against)
            # A side of fewer levels is seen whole.
            ends = [[*one][-1] for one in (side, next_side) if len(one) == LEVELS]
            is_told = lambda price: not ends or edge(price, edge(ends)) == price
            for price in filter(is_told, {*side, *next_side}):
                traded = sum(size for _, _, at, size in against if at == price)
                left = next_side.get(price, 0)
                made = left - side.get(price, 0) + traded
                if next(iter(side)) == next(iter(next_side)) == price:
                    restored[nth] += min(traded, max(made, 0))
                sizes = [one for one in lately.get((nth, price), []) if stop - one[0] <= FLEETING]
                if made > 0:
                    shown[nth] += made
                    sizes.append([stop, made])
                gone = max(-made, 0)
                for one in reversed(sizes):
                    leaves = min(gone, one[1])
                    one[1] -= leaves
                    gone -= leaves
                    fleeting[nth] += leaves
                for one in reversed(sizes):
                    one[1] = min(one[1], left)
                    left -= one[1]
                lately[nth, price] = sizes
    assert sums["observed"] >= SHORTEST and sums["trades"] >= FEWEST_TRADES
    share = lambda net, of, sign=1: (sign * math.tanh(3 * net / of), net / of)
    return {
        "order_flow_imbalance": share(sums["net"], sums["all"]),
        "fleeting_orders": share(fleeting[0] - fleeting[1], sum(shown), -1),
        "absorption": share(restored[0] - restored[1], sum(taken)),
    }


def liquidations(liquidated, ticker):
    turnover = ticker["volume_base_24h"] * ticker["last"] * liquidated["span_ms"] / 86_400_000
    net = (liquidated["long_usd"] - liquidated["short_usd"]) / turnover
    return math.tanh(net / 0.01), net
