"""Three goods of every customer: good for others, good at it, good for you.

Good for others is the work that did others good: as people rate it on a rubric, strict and lenient
raters on one scale; where nobody rates it, the hours that were given away. Good at it is what the
firm learned from the work. Good for you is money: what a customer pays as today, what he may pay
beyond that, and what comes through others whom he sends. The first two are not turned into money.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from goodlib.decision.balance import GOODS
from goodlib.decision.rubric import Rated
from goodlib.decision.skill import learned

COLUMNS = {"others": "good_for_others", "skill": "good_at_it", "you": "good_for_you"}
"""The column of each good."""
PROGRESS = (0.7, 0.9)
"""Between these the learning curve is drawn: published curves seldom lie outside."""
DRAWS = 400


NO_WORK = pd.DataFrame(
    {"customer_id": [], "date": pd.to_datetime([]), "hours": [], "good": [], "unit": []}
)
"""A study that does not know for whom its work was done."""


class Goods(NamedTuple):
    """The three goods of every customer."""

    customers: pd.DataFrame
    """One row a customer: each good with its 80 % bounds, and what it is made of."""
    draws: dict[str, np.ndarray]
    """By good, customers x draws."""
    known: dict[str, bool]
    """By good, whether the study has anything to say on it."""


def good_for_you(
    draws_value: pd.DataFrame, paid: pd.Series, through_others: pd.DataFrame | None, seed: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """What a customer brings: as today, beyond today, and through others.

    Of each likely future V, min(V, paid) is more of today and the rest is what may come beyond
    it. So the two sum to the expected residual value, exactly as the chapter on lifetime value
    has it.

    Parameters
    ----------
    draws_value : DataFrame, customers x draws
        Residual value over the horizon.
    paid : Series
        Margin of the last such period, by customer; missing is nothing.
    through_others : DataFrame, optional
        `attributed` and its 80 % bounds, by customer: what came and comes through those he sent.

    Returns
    -------
    DataFrame (`pays_now`, `may_pay_later`, `through_others`, `good_for_you`) and the draws of the
    sum.
    """
    value = draws_value.to_numpy(float)
    now = paid.reindex(draws_value.index).fillna(0.0).clip(lower=0.0).to_numpy()[:, None]
    frame = pd.DataFrame(
        {
            "pays_now": np.minimum(value, now).mean(axis=1),
            "may_pay_later": np.maximum(value - now, 0.0).mean(axis=1),
            "through_others": 0.0,
        },
        index=draws_value.index,
    )
    if through_others is not None:
        random = np.random.default_rng(seed)
        sent = through_others.reindex(draws_value.index)
        frame["through_others"] = sent["attributed"].fillna(0.0)
        wide = sent["attributed_upper_80"] - sent["attributed_lower_80"]
        spread = (wide / 2.563).fillna(0.0).to_numpy()
        value = value + _positive(frame["through_others"].to_numpy(), spread, value.shape, random)
    frame["good_for_you"] = frame[["pays_now", "may_pay_later", "through_others"]].sum(axis=1)
    return frame, value


def _positive(
    mean: np.ndarray, sd: np.ndarray, shape: tuple[int, int], random: np.random.Generator
) -> np.ndarray:
    """Gamma draws of this mean and sd: money that others bring is not below nothing.

    Where one of the two is nothing, the mean as it is.
    """
    some = (mean > 0) & (sd > 0)
    drawn = np.repeat(mean[:, None], shape[1], axis=1)
    size = (int(some.sum()), shape[1])
    where = (mean[some] / sd[some]) ** 2, sd[some] ** 2 / mean[some]
    drawn[some] = random.gamma(*(part[:, None] for part in where), size=size)
    return drawn


def three_goods(
    efforts: pd.DataFrame,
    draws_value: pd.DataFrame,
    *,
    start: str | pd.Timestamp,
    paid: pd.Series,
    through_others: pd.DataFrame | None = None,
    outcome: Rated | None = None,
    performance: Rated | None = None,
    seed: int,
) -> Goods:
    """The three goods of every customer since `start`, with their uncertainty.

    Good for others: all work since `start`, whoever paid for it, times the chance that an average
    rater would say it did others good; where nobody rates that, the work given to others. Good at
    it: what the work taught (`skill.learned`), times the chance that it was done well where that is
    rated. Good for you: money (`good_for_you`).

    Parameters
    ----------
    efforts : DataFrame, one row a piece of work
        `customer_id`, `date`, `hours`, `good` and columns of the map of skills; all of history,
        since what is new depends on what was done before.
    draws_value : DataFrame, customers x draws
    start : date
        Effort before it taught the firm but is not counted.
    paid, through_others : see `good_for_you`
    outcome, performance : Rated, optional
        How much good the work did for others, and how well it was done (`rubric.rated`), of the
        customers of `draws_value`.
    seed : int

    Returns
    -------
    Goods
    """
    customers = draws_value.index
    strange = ~efforts["customer_id"].isin(customers)
    if strange.any():
        first = efforts.loc[strange, "customer_id"].iloc[0]
        message = (
            f"Effort is for customers of the study: {strange.sum():,} of {len(efforts):,} rows "
            "are for "
            f"others (first: {first!r}). Prospects' hours do not belong into efforts."
        )
        raise ValueError(message)
    random = np.random.default_rng(seed)
    count = min(draws_value.shape[1], DRAWS)
    recent = (efforts["date"] > pd.Timestamp(start)).to_numpy()

    def total(amount: np.ndarray, rows: np.ndarray) -> np.ndarray:
        frame = pd.DataFrame(amount[rows]).groupby(efforts["customer_id"].to_numpy()[rows]).sum()
        return frame.reindex(customers, fill_value=0.0).to_numpy()

    hours = {
        good: total(efforts[["hours"]].to_numpy(), recent & (efforts["good"] == good).to_numpy())
        for good in GOODS
    }
    curves = random.uniform(*PROGRESS, count)
    ordered = efforts.reset_index(drop=True)
    taught = usual = np.zeros((len(customers), 1))
    if len(ordered):
        size = 1.0 if "unit" in ordered and (ordered["unit"] == "engagements").all() else None
        taught = total(learned(ordered, progress=curves, size=size), recent)
        usual = total(learned(ordered, size=size)[:, None], recent)
    everything = total(efforts[["hours"]].to_numpy(), recent)
    others = np.tile(hours["others"], count)
    if outcome is not None:
        others = everything * _drawn(outcome.chance, count)
    skill = taught if performance is None else taught * _drawn(performance.chance, count)
    money, you = good_for_you(draws_value.iloc[:, :count], paid, through_others, seed)
    draws = {"others": others, "skill": skill, "you": you}
    frame = pd.DataFrame({f"hours_{good}": hours[good][:, 0] for good in GOODS}, customers)
    frame["hours_all"], frame["learned"] = everything[:, 0], usual[:, 0]
    for name, said in (("outcome", outcome), ("performance", performance)):
        if said is not None:
            own = said.customers.drop(columns="n_raters").rename(columns={"n_scores": "scores"})
            frame = frame.join(own.add_prefix(f"{name}_"))
    for good, column in COLUMNS.items():
        frame[column] = draws[good].mean(axis=1)
        frame[f"{column}_lower_80"], frame[f"{column}_upper_80"] = np.quantile(
            draws[good], [0.1, 0.9], axis=1
        )
    known = {good: bool((draws[good] != 0).any()) for good in GOODS}
    return Goods(frame.assign(**money), draws, known)


def score(draws: dict[str, np.ndarray], weights: dict[str, float]) -> np.ndarray:
    """Each customer's share of the firm's good: its share of each good, weighted.

    Parameters
    ----------
    draws : by good, customers x draws
    weights : by good, what the firm chose; they sum to one

    Returns
    -------
    array, customers x draws: shares that sum to one over the customers.
    """
    if abs(sum(weights.values()) - 1) > 1e-6 or min(weights.values()) < 0:
        message = (
            "Weights of the goods sum to one and are not negative: they sum to "
            f"{sum(weights.values()):.3g}."
        )
        raise ValueError(message)
    present = {good: max(float(draws[good].mean(axis=1).sum()), 0.0) for good in GOODS}
    total = sum(weights[good] for good in GOODS if present[good] > 0)
    return sum(
        weights[good] / total * draws[good] / present[good] for good in GOODS if present[good] > 0
    )


def lists(goods: Goods, weights: dict[str, float], share: float) -> pd.DataFrame:
    """The best by money alone beside the best by all three goods.

    Returns
    -------
    DataFrame, one row a customer
        `money_rank`, `good_rank` (1 is best, by the estimates), `top_money`, `top_good`, `move`:
        "stays", "falls", "rises" or "" (on neither list), and `p_top_good`, the chance to be
        among the best by all three.
    """
    money = goods.customers["pays_now"] + goods.customers["may_pay_later"]
    both = score(goods.draws, weights)
    count = max(1, round(len(money) * share))
    frame = pd.DataFrame({"money_rank": money.rank(ascending=False, method="first")})
    estimate = pd.Series(both.mean(axis=1), money.index)
    frame["good_rank"] = estimate.rank(ascending=False, method="first")
    frame = frame.astype(int)
    frame["top_money"], frame["top_good"] = (
        frame["money_rank"] <= count,
        frame["good_rank"] <= count,
    )
    words = {(True, True): "stays", (True, False): "falls", (False, True): "rises"}
    pairs = zip(frame["top_money"], frame["top_good"], strict=True)
    frame["move"] = [words.get(pair, "") for pair in pairs]
    places = (-both).argsort(axis=0).argsort(axis=0)
    frame["p_top_good"] = (places < count).mean(axis=1)
    return frame


def given_up(goods: Goods, moves: pd.DataFrame, draws_value: pd.DataFrame) -> pd.Series:
    """The expected value of those who fall less that of those who rise, with its 80 % interval."""
    value = draws_value.loc[moves.index].to_numpy(float)
    falls, rises = (
        value[(moves["move"] == way).to_numpy()].sum(axis=0) for way in ("falls", "rises")
    )
    lower, upper = np.quantile(falls - rises, [0.1, 0.9])
    return pd.Series(
        {"given_up": (falls - rises).mean(), "lower_80": lower, "upper_80": upper,
         "share": (falls - rises).mean() / value.mean(axis=1).sum()}
    )  # fmt: skip


def low_on_all(goods: Goods, *, below: float = 0.5) -> pd.Series:
    """The chance that a customer is low on all three goods: good for nobody, as yet.

    Low is less than `below` of what the mean customer gives of a good, the mean over those on whom
    effort was spent; goods of which the study knows nothing are left out.

    Returns
    -------
    Series, customer_id -> chance; missing for customers on whom no effort was spent.
    """
    spent = goods.customers["hours_all"].to_numpy() > 0
    chance = np.ones_like(goods.draws["you"], dtype=bool)
    for good in GOODS:
        if goods.known[good] and spent.any():
            chance &= goods.draws[good] < below * goods.draws[good][spent].mean()
    found = pd.Series(chance.mean(axis=1), goods.customers.index, name="p_low")
    return found.where(spent)


def _drawn(draws: np.ndarray, count: int) -> np.ndarray:
    """As many draws as asked for, from the start again where there are fewer."""
    return draws[:, np.arange(count) % draws.shape[1]]
