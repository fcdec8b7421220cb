"""The simulated firm's business: who comes, how often, for how much, through whom, who may yet."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from goodlib.history.demo import cast
from goodlib.history.demo.calendar import DAYS, TODAY, curve, day

CLIENTS, PROSPECTS = 240, 120
ALIKE = 0.11  # of relationship with rate, with fee and with lifetime: about .2 with value
RATE = (1.1, 95.0)  # gamma shape and rate of purchases a day of operational time
LIFETIME = (1.3, 1300.0)  # gamma shape and rate of leaving a day
FEE = (5.0, 3.6, 4200.0)  # Gamma-Gamma p, q, gamma: mean fee p gamma / (q - 1) in 2020 prices
NEVER = {"referral": -1.0, "conference": 0.0, "article": 0.5, "cold contact": 1.1}  # logit of never
WON = (1.4, 230.0)  # Weibull shape and scale (days) of the time to the first order
LOST = (1.2, 620.0)  # the same of the time until a firm learns that it never will be


def prospects(seed: int) -> pd.DataFrame:
    """Everybody the firm talked to before any work, with what will become of them."""
    random = np.random.default_rng([seed, 1])
    n = PROSPECTS
    met = np.sort(TODAY * (0.22 + 0.775 * random.beta(1.7, 1.0, n)))
    industry = random.choice(
        list(cast.INDUSTRIES), n, p=[k.share for k in cast.INDUSTRIES.values()]
    )
    source = random.choice(cast.SOURCES, n, p=[0.25, 0.30, 0.20, 0.25])
    never = random.random(n) < 1 / (1 + np.exp(-pd.Series(source).map(NEVER).to_numpy()))
    known = np.where(never, LOST[1], WON[1]) * random.weibull(np.where(never, LOST[0], WON[0]))
    closes = met + np.maximum(np.floor(known), 5)
    closed = closes <= TODAY
    outcome = np.where(closed, np.where(never, "lost", "won"), "")
    age = np.clip((np.minimum(closes, TODAY) - met) / (closes - met), 0, 1)
    reach = np.where(never, 0.10 + 0.45 * age, 0.10 + 0.75 * age) + random.normal(0, 0.13, n)
    stage = np.clip((reach * 4).astype(int), 0, 3)
    value = np.round(np.exp(random.normal(10.4, 0.7, n)), -2)
    frame = pd.DataFrame(
        {
            "prospect_id": [f"P{i + 1:03d}" for i in range(n)],
            "name": "",
            "first_contact": day(met),
            "stage": [cast.STAGES[s] for s in stage],
            "expected_value": pd.Series(value).where(random.random(n) < 0.8),
            "outcome": outcome,
            "outcome_date": day(closes).where(closed, ""),
            "industry": industry,
            "source": source,
            "customer_id": "",
            "never": never.astype(int),
            "closes": day(closes),
        }
    )
    frame["first_day"] = np.where((outcome == "won"), closes, np.nan)
    return frame


def clients(seed: int, funnel: pd.DataFrame) -> pd.DataFrame:
    """Everybody who ever bought, with their latent rate, lifetime, fee, margin and relationship.

    Those of the funnel who were won are among them; the funnel gets their ids and its names.
    """
    random = np.random.default_rng([seed, 2])
    won = funnel.index[funnel["outcome"] == "won"]
    direct = CLIENTS - len(won)
    years = random.choice(6, direct, p=[0.30, 0.20, 0.15, 0.13, 0.12, 0.10])
    came = np.concatenate(
        [years * 365.25 + 365 * random.random(direct), funnel.loc[won, "first_day"]]
    )
    kind = random.choice(
        list(cast.INDUSTRIES), direct, p=[k.share for k in cast.INDUSTRIES.values()]
    )
    kind = np.concatenate([kind, funnel.loc[won, "industry"]])
    row = np.concatenate([np.full(direct, -1), won])
    order = np.argsort(came, kind="stable")
    came, kind, row = np.floor(came[order]), kind[order], row[order]

    n = CLIENTS
    relation = random.standard_normal(n)
    mixed = ALIKE * relation + np.sqrt(1 - ALIKE**2) * random.standard_normal((3, n))
    chance = stats.norm.cdf(mixed)
    rate = stats.gamma.ppf(chance[0], RATE[0]) / RATE[1]
    leaving = stats.gamma.ppf(1 - chance[1], LIFETIME[0]) / LIFETIME[1]
    fee = FEE[0] * FEE[2] / stats.gamma.ppf(1 - chance[2], FEE[1])
    base = pd.DataFrame(
        {
            "customer_id": [f"C{i + 1:03d}" for i in range(n)],
            "name": "",
            "since": day(came),
            "industry": kind,
            "size": np.where(fee < 5000, "small", np.where(fee < 10000, "medium", "large")),
            "city": random.choice(cast.CITIES, n),
            "owner": random.choice(cast.PARTNERS, n, p=[0.24, 0.2, 0.18, 0.15, 0.13, 0.1]),
            "rate_per_week": 7 * rate,
            "leaves_after_days": np.floor(random.exponential(1 / leaving)),
            "mean_fee": fee,
            "margin": np.clip(0.40 + 0.04 * relation + random.normal(0, 0.06, n), 0.05, 0.7),
            "relationship": relation,
            "first_day": came,
        }
    ).round({"rate_per_week": 5, "mean_fee": 2, "margin": 4, "relationship": 4})
    named = cast.names(np.random.default_rng([seed, 3]), np.concatenate([kind, funnel["industry"]]))
    base["name"], funnel["name"] = named[:n], named[n:]
    ids = base.loc[row >= 0, "customer_id"].to_numpy()
    funnel.loc[row[row >= 0], "customer_id"] = ids
    base.loc[row >= 0, "name"] = funnel.loc[row[row >= 0], "name"].to_numpy()
    return base


def orders(seed: int, base: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Invoices until the as-of date, and those of the 52 weeks after it, which nobody has seen.

    In operational time a client's purchases are a Poisson process until it leaves; the calendar
    maps it to days. Fees are gamma around the client's own mean, times the size of the service and
    the fee index.
    """
    random = np.random.default_rng([seed, 4])
    calendar = curve()
    pace = np.concatenate([[0.0], np.cumsum((calendar["season"] * calendar["level"]).to_numpy())])
    services, share, size = zip(*[(s, v[1], v[2]) for s, v in cast.SERVICES.items()], strict=True)
    dearer = calendar["fee_index"].to_numpy()
    mean_size = float(np.dot(share, size))
    rows = []
    for c in base.itertuples():
        first, last = int(c.first_day), min(c.first_day + c.leaves_after_days, DAYS - 1)
        span = np.interp(last, np.arange(DAYS + 1), pace) - pace[first]
        later = pace[first] + np.sort(
            random.uniform(0, span, random.poisson(c.rate_per_week / 7 * span))
        )
        days = np.concatenate([[first], np.floor(np.interp(later, pace, np.arange(DAYS + 1)))])
        chosen = random.choice(len(services), len(days), p=share)
        fee = (
            random.gamma(FEE[0], c.mean_fee / FEE[0], len(days))
            * np.array(size)[chosen]
            / mean_size
        )
        cost = fee * np.clip(1 - c.margin + random.normal(0, 0.07, len(days)), 0.15, 1.4)
        for d, s, f, k in zip(days.astype(int), chosen, fee, cost, strict=True):
            index = float(dearer[d])
            rows.append(
                (
                    c.customer_id,
                    d,
                    round(f * index, 2),
                    round(k * index, 2),
                    services[s],
                    c.industry,
                )
            )
    frame = pd.DataFrame(rows, columns=["client", "day", "fee", "cost", "service", "industry"])
    frame = frame.sort_values(["day", "client"], kind="stable", ignore_index=True)
    past, future = frame[frame["day"] <= TODAY], frame[frame["day"] > TODAY]
    past = _traps(past.reset_index(drop=True))
    return tuple(
        part.assign(
            invoice=[f"{sign}{i + 1:05d}" for i in range(len(part))], invoiced=day(part["day"])
        )[["invoice", "client", "invoiced", "fee", "cost", "service", "industry", "day"]]
        for part, sign in ((past, "I"), (future.reset_index(drop=True), "X"))
    )


def _traps(past: pd.DataFrame) -> pd.DataFrame:
    """A refund of a part the same day, one some days later, and one day billed in two halves."""
    lines = past.iloc[[400, 900, 1300]].copy()
    lines.iloc[0, [2, 3]] = [-round(lines.iloc[0, 2] * 0.4, 2), 0.0]
    lines.iloc[1, 1] += 9
    lines.iloc[1, [2, 3]] = [-round(lines.iloc[1, 2] * 0.25, 2), 0.0]
    past = pd.concat([past, lines])
    return past.sort_values(["day", "client"], kind="stable", ignore_index=True)


def referrals(
    seed: int, base: pd.DataFrame, invoices: pd.DataFrame, funnel: pd.DataFrame
) -> pd.DataFrame:
    """Who sent whom: clients, and friends of the house who never paid but know the right people."""
    random = np.random.default_rng([seed, 5])
    year = invoices[invoices["day"] > TODAY - 365]
    margin = (year["fee"] - year["cost"]).groupby(year["client"]).sum()
    margin = base["customer_id"].map(margin).fillna(0.0).to_numpy()
    came = base["first_day"].to_numpy()
    sender: dict[int, str] = {}
    # friends 1 to 3 bring about a seventh of this year's margin, through five clients
    late = [i for i in np.argsort(-margin)[3:40] if came[i] > 300]
    picked, wanted = [], 0.15 * margin.sum()
    for i in late:
        if len(picked) < 6 and margin[i] <= wanted:
            picked.append(i)
            wanted -= margin[i]
    for k, i in enumerate(picked):
        sender[i] = f"F{k % 3 + 1:02d}"
    from_funnel = set(funnel.loc[funnel["source"] == "referral", "customer_id"]) - {""}
    for i, c in enumerate(base.itertuples()):
        sent = c.customer_id in from_funnel or random.random() < 0.20
        if not sent or i in sender or came[i] < 120:
            continue
        staying = (came < came[i] - 60) & (
            came + base["leaves_after_days"].to_numpy() > came[i] - 60
        )
        if random.random() < 0.1 or not staying.any():
            sender[i] = f"F{random.integers(4, len(cast.FRIENDS) + 1):02d}"
        else:
            warmth = np.exp(0.6 * base["relationship"].to_numpy()) * staying
            sender[i] = base["customer_id"].iloc[random.choice(len(base), p=warmth / warmth.sum())]
    rows = [
        (by, base["customer_id"].iloc[i], came[i] - random.integers(5, 60))
        for i, by in sender.items()
    ]
    waiting = funnel[(funnel["source"] == "referral") & (funnel["customer_id"] == "")]
    for p in waiting.itertuples():
        met = (pd.Timestamp(p.first_contact) - pd.Timestamp("2020-01-01")).days
        active = base[(came < met) & (came + base["leaves_after_days"] > met)]
        rows.append((active["customer_id"].iloc[random.integers(len(active))], p.prospect_id, met))
    frame = pd.DataFrame(rows, columns=["referrer_id", "referred_id", "day"])
    client = frame[
        frame["referrer_id"].str.startswith("C") & frame["referred_id"].str.startswith("C")
    ]
    back = client.iloc[0]  # one circle: the one who was sent sends the sender back
    circle = pd.DataFrame([(back.iloc[1], back.iloc[0], back.iloc[2] + 400)], columns=frame.columns)
    frame = pd.concat([frame, circle]).sort_values(["day", "referred_id"], ignore_index=True)
    frame["truth"] = (random.random(len(frame)) < 0.3).astype(int)
    known = random.random(len(frame)) < 0.6
    frame["would_have_come_anyway"] = np.where(known, frame["truth"].astype(str), "")
    return frame.assign(date=day(frame["day"]))


def efforts(seed: int, base: pd.DataFrame, invoices: pd.DataFrame) -> pd.DataFrame:
    """Hours by good: paid work for ourselves, work taken on to learn, and what is given away."""
    random = np.random.default_rng([seed, 6])
    paid = invoices[invoices["fee"] > 0]
    n = len(paid)
    hours = np.round(np.maximum(paid["cost"] / 75 * random.lognormal(0, 0.2, n), 1.0) * 2) / 2
    skill = paid["service"].map({s: v[0] for s, v in cast.SERVICES.items()})
    learning = random.random(n) < np.where(
        paid["service"].isin(["data analysis", "interim lead"]), 0.2, 0.09
    )
    work = pd.DataFrame(
        {
            "customer_id": paid["client"],
            "date": paid["invoiced"],
            "hours": hours,
            "good": np.where(learning, "skill", "you"),
            "skill": skill,
            "industry": paid["industry"],
            "service": paid["service"],
        }
    )
    gifts = 260
    at = np.sort(random.integers(30, TODAY, gifts))
    free = []
    for d in at:
        here = base[
            (base["first_day"] <= d) & (base["first_day"] + base["leaves_after_days"] >= d - 90)
        ]
        to = here.iloc[random.integers(len(here))]
        gift = (
            ("free article", "writing")
            if random.random() < 0.6
            else ("pro bono review", "facilitation")
        )
        spent = round(random.gamma(2.0, 9.0 if gift[0] == "free article" else 42.0) * 2) / 2 + 1
        free.append((to["customer_id"], d, spent, "others", gift[1], to["industry"], gift[0]))
    given = pd.DataFrame(free, columns=["customer_id", "d", *work.columns[2:]])
    given.insert(1, "date", day(given.pop("d")))
    return pd.concat([work, given]).sort_values(
        ["date", "customer_id"], kind="stable", ignore_index=True
    )


def services() -> pd.DataFrame:
    """Levels of service: hours and cost a month, and the share of each good that they yield."""
    return pd.DataFrame(
        [
            (0, "free articles", 0.2, 10, 0.30, 0.05, 0.30),
            (1, "book", 1.0, 75, 0.45, 0.10, 0.45),
            (2, "online preparation", 6.0, 400, 0.70, 0.40, 0.75),
            (3, "full service", 27.0, 2000, 1.00, 1.00, 1.00),
        ],
        columns=["level", "name", "hours", "cost"]
        + ["response_others", "response_skill", "response_you"],
    )
