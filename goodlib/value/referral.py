"""What a customer brings through others: who was sent by whom, and what that is worth.

After Kumar, Petersen & Leone (2010), "Driving Profitability by Encouraging Customer Referrals": a
customer who would not have come otherwise (type one) counts in full for the one who sent them, one
who would have come anyway (type two) only with the cost of acquisition that was saved. One
generation: those whom the sent ones send are theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import gammaln
from scipy.stats import nbinom

COLUMNS = ("referrer_id", "referred_id", "date")


class Referrals(NamedTuple):
    """Referrals that count, and those that do not."""

    kept: pd.DataFrame
    """One row a person sent: referrer_id, referred_id, date, would_have_come_anyway."""
    ignored: pd.DataFrame
    """The others, with the `rule` that left them out."""


class ReferralRate(NamedTuple):
    """How often customers send somebody: rates differ between them as Gamma(shape, rate)."""

    shape: float
    rate: float
    """In the unit of the exposure: the mean is shape / rate a unit of time."""


def read_referrals(
    referrals: pd.DataFrame,
    first_order: Mapping[str, pd.Timestamp] | pd.Series | None = None,
    known: Collection[str] | None = None,
) -> Referrals:
    """Who was sent by whom, each person once and nobody by a descendant.

    In the order of their dates: a self-referral is no referral; a person is sent once, by the
    first; one who had bought before the referral's date was not sent; and a referral that would
    close a circle is left out, so circles break at their last link.

    Parameters
    ----------
    referrals : DataFrame
        `referrer_id`, `referred_id`, `date`, and where known `would_have_come_anyway`, a
        probability (1 yes, 0 no, missing unknown).
    first_order : Series by customer, optional
        Date of the first order.
    known : ids, optional
        Everybody who may be named; a referral that names somebody else is left out.

    Raises
    ------
    ValueError
        A column or an id is missing, or a probability lies outside 0 to 1.
    """
    missing = [name for name in COLUMNS if name not in referrals]
    if missing:
        message = f"referrals need the columns {', '.join(COLUMNS)}: {', '.join(missing)} missing"
        raise ValueError(message)
    frame = referrals.reset_index(drop=True).copy()
    frame["date"] = pd.to_datetime(frame["date"])
    if "would_have_come_anyway" not in frame:
        frame["would_have_come_anyway"] = np.nan
    chance = frame["would_have_come_anyway"] = frame["would_have_come_anyway"].astype(float)
    _check(frame, frame[list(COLUMNS)].isna().any(axis=1), "a referral needs two ids and a date")
    _check(frame, (chance < 0) | (chance > 1), "would_have_come_anyway must lie in 0 to 1")
    first = dict(first_order if first_order is not None else {})
    came = pd.to_datetime([first.get(name, pd.NaT) for name in frame["referred_id"]])
    before = frame["date"] > pd.Series(came, index=frame.index)
    names = frame[["referrer_id", "referred_id"]]
    strange = (
        ~names.isin(set(known)).all(axis=1) if known is not None else pd.Series(False, names.index)
    )
    sender: dict[str, str] = {}
    rules = pd.Series("", index=frame.index)
    for row in frame.sort_values("date", kind="stable").itertuples():
        by, whom = row.referrer_id, row.referred_id
        if strange[row.Index]:
            rules[row.Index] = "names somebody unknown"
        elif by == whom:
            rules[row.Index] = "sent themselves"
        elif whom in sender:
            rules[row.Index] = "sent before by somebody else"
        elif _descends(by, whom, sender):
            rules[row.Index] = "closes a circle"
        elif before[row.Index]:
            rules[row.Index] = "was a customer before"
        else:
            sender[whom] = by
    kept = frame[rules == ""].sort_values("date", kind="stable")
    ignored = frame[rules != ""].assign(rule=rules[rules != ""])
    return Referrals(kept, ignored[["referrer_id", "referred_id", "date", "rule"]])


def referral_value(
    referrals: Referrals | pd.DataFrame,
    values: pd.Series,
    value_draws: pd.DataFrame | None = None,
    *,
    saving: float,
    cost: float,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """Each person's own value and that of those they sent, shown apart.

    Attributed value is the sum over those sent of (1 - P(anyway)) value. Where nobody knows whether
    one would have come anyway, P(anyway) is the share among the known, drawn towards one half as if
    two more were known; the interval draws it, and the values where draws are given. Nobody is
    counted twice: what is attributed to one is `credited` away from another, and the sum of
    `total` less `credited` and `saved` is the sum of all values.

    Parameters
    ----------
    referrals : Referrals or DataFrame
        Of `read_referrals`, or what it takes.
    values : Series by id
        Discounted value of each customer (or prospect): residual value, or a year's margin. People
        without one, such as friends of the house, have 0.
    value_draws : DataFrame, ids x draws, optional
        What the future may bring of those who were sent, for the interval.
    saving, cost : float, currency a referral
        Acquisition cost saved by a referral of either type, and what the referral itself costs;
        where the referrals have a column `cost`, what it holds goes before.
    draws, seed : int

    Returns
    -------
    DataFrame, one row a customer or referrer
        own, attributed, attributed_lower_80, attributed_upper_80, credited, saved, total
        (own + attributed + saved), n_referred.
    """
    sent = referrals if isinstance(referrals, Referrals) else read_referrals(referrals)
    _known_values(values)
    kept, random = sent.kept, np.random.default_rng(seed)
    people = pd.Index(pd.unique(pd.concat([values.index.to_series(), kept["referrer_id"]])))
    people.name = values.index.name or "customer_id"
    own = values.reindex(people, fill_value=0.0).astype(float)
    worth = values.reindex(kept["referred_id"]).fillna(0.0).to_numpy(float)
    anyway, alpha, beta = _anyway(kept["would_have_come_anyway"])
    credit = (1 - anyway) * worth

    told = kept["would_have_come_anyway"].to_numpy()[:, None]
    unsure = random.beta(alpha, beta, draws)[None]
    chance = np.where(np.isnan(told), unsure, told)
    came = random.random((len(kept), draws)) < chance
    drawn = np.repeat(worth[:, None], draws, axis=1)
    if value_draws is not None:
        known = kept["referred_id"].isin(value_draws.index).to_numpy()
        column = random.integers(value_draws.shape[1], size=draws)
        drawn[known] = value_draws.loc[kept["referred_id"][known]].to_numpy()[:, column]
    by = kept["referrer_id"].to_numpy()
    sums = pd.DataFrame(np.where(came, 0.0, drawn)).groupby(by).sum()
    sums = sums.reindex(people, fill_value=0.0)

    def total(amount: np.ndarray, who: np.ndarray) -> pd.Series:
        return pd.Series(amount).groupby(np.asarray(who)).sum().reindex(people, fill_value=0.0)

    frame = pd.DataFrame({"own": own, "attributed": total(credit, by)})
    low, high = np.quantile(sums, [0.1, 0.9], axis=1) if len(sums) else (0.0, 0.0)
    frame["attributed_lower_80"], frame["attributed_upper_80"] = low, high
    frame["credited"] = total(credit, kept["referred_id"].to_numpy())
    frame["n_referred"] = total(np.ones(len(kept)), by).astype(int)
    spent = kept["cost"].fillna(cost) if "cost" in kept else pd.Series(cost, kept.index)
    frame["saved"] = total(saving - spent.to_numpy(float), by)
    frame["total"] = frame["own"] + frame["attributed"] + frame["saved"]
    return frame


def fit_rate(counts: pd.Series, exposure: pd.Series) -> ReferralRate:
    """How often customers send others, and how much that differs: the law of their rates.

    Maximum likelihood of a negative binomial: counts over exposures, rates gamma between customers.

    Parameters
    ----------
    counts : Series by customer
        Referrals made; zeros belong in it.
    exposure : Series by customer, > 0
        How long they could have, in any one unit of time.
    """
    n, time = counts.to_numpy(float), exposure.reindex(counts.index).to_numpy(float)
    if not (time > 0).all():
        bad = ~(time > 0)
        message = (
            f"exposure must be above 0: {bad.sum():,} of {len(time):,} customers break this "
            f"(first: {counts.index[bad][0]!r}). Count from the first order to the as-of date."
        )
        raise ValueError(message)
    if n.sum() == 0:
        message = f"no referral among {len(n):,} customers: nothing says how often they send others"
        raise ValueError(message)

    def loss(theta: np.ndarray) -> float:
        shape, rate = np.exp(theta)
        each = gammaln(shape + n) - gammaln(shape) + shape * np.log(rate / (rate + time))
        return -float((each - n * np.log(rate + time)).sum())

    start = np.log([1.0, time.sum() / n.sum()])
    bounds = [(-6.0, 6.0), (start[1] - 8, start[1] + 8)]
    shape, rate = np.exp(minimize(loss, start, method="L-BFGS-B", bounds=bounds).x)
    return ReferralRate(float(shape), float(rate))


def expected_referrals(
    law: ReferralRate, counts: pd.Series, exposure: pd.Series, *, horizon: float
) -> pd.DataFrame:
    """Referrals to come within the horizon: each one's own rate, drawn towards that of all.

    (shape + n) / (rate + exposure) x horizon; the interval is that of the number itself (negative
    binomial), with the law's parameters taken as known.

    Returns
    -------
    DataFrame, one row a customer
        expected_referrals, expected_referrals_lower_80, expected_referrals_upper_80.
    """
    n, time = counts.to_numpy(float), exposure.reindex(counts.index).to_numpy(float)
    shape, rate = law.shape + n, law.rate + time
    chance = rate / (rate + horizon)
    return pd.DataFrame(
        {
            "expected_referrals": shape / rate * horizon,
            "expected_referrals_lower_80": nbinom.ppf(0.1, shape, chance),
            "expected_referrals_upper_80": nbinom.ppf(0.9, shape, chance),
        },
        index=counts.index,
    )


def expected_of_friends(
    law: ReferralRate,
    counts: pd.Series,
    shortest: pd.Series,
    longest: pd.Series,
    *,
    horizon: float,
) -> pd.DataFrame:
    """Referrals to come from people who never bought, of whom nobody knows since when they could.

    Their rates are taken to be like the clients'. Somebody who sent a friend was known by then at
    the latest (`shortest`, since their first referral) and not before the history began
    (`longest`): the number is the mean of what the two exposures say, the interval reaches from the
    lower end of one to the upper end of the other.

    Returns
    -------
    DataFrame, one row a person: as `expected_referrals`.
    """
    known = expected_referrals(law, counts, longest, horizon=horizon)
    upper = expected_referrals(law, counts, shortest, horizon=horizon)
    known["expected_referrals"] = (known + upper)["expected_referrals"] / 2
    name = "expected_referrals_upper_80"
    return known.assign(**{name: upper[name]})


def _descends(person: str, ancestor: str, sender: Mapping[str, str]) -> bool:
    """Whether `person` was sent, over any number of links, by `ancestor`."""
    while person in sender:
        person = sender[person]
        if person == ancestor:
            return True
    return False


def _anyway(known: pd.Series) -> tuple[np.ndarray, float, float]:
    """P(would have come anyway) of each, and the beta law of it where nobody knows."""
    told = known.dropna()
    alpha, beta = 1.0 + told.sum(), 1.0 + (1 - told).sum()
    return known.fillna(alpha / (alpha + beta)).to_numpy(), float(alpha), float(beta)


def _known_values(values: pd.Series) -> None:
    if values.index.has_duplicates:
        first = values.index[values.index.duplicated()][0]
        message = f"values must have one row a customer: {first!r} has several"
        raise ValueError(message)
    unknown = values.isna()
    if unknown.any():
        message = (
            f"values must be known: {unknown.sum():,} of {len(values):,} are missing (first: "
            f"{values.index[unknown][0]!r}). Leave these customers out, or give them 0."
        )
        raise ValueError(message)


def _check(frame: pd.DataFrame, bad: pd.Series, rule: str) -> None:
    if bad.any():
        row = frame[bad].iloc[0]
        message = (
            f"{rule}: {bad.sum():,} of {len(frame):,} referrals break this (first: "
            f"{row['referrer_id']!r} to {row['referred_id']!r}). Mend the file."
        )
        raise ValueError(message)
