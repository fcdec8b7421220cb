"""What the chapter on tomorrow's best customers says: sentences that follow their numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from goodlib.report import words
from goodlib.report.chapter import Chapter
from goodlib.report.words import Sentence
from goodlib.value.backtest import COMBINATION, REGRESSION, Backtest, backtest, rolling_origins
from goodlib.value.feature import Past, days_of, ordinal, stamp
from goodlib.value.future import Future, movers
from goodlib.value.score import list_size, places
from goodlib.value.worth import Recalled, recall

METHODS = (
    COMBINATION,
    "Pareto/NBD",
    REGRESSION,
    "window spend",
    "past spend",
    "frequency",
    "recency",
    "RFM",
)
"""What the chapter tries; `backtest` knows more."""
WORDS = pd.Series(
    {
        COMBINATION: "combined forecast",
        "Pareto/NBD": "probability model alone",
        "BG/NBD": "second probability model alone",
        REGRESSION: "regression on history",
        "window spend": "spent most lately",
        "past spend": "spent most ever",
        "frequency": "bought most often",
        "recency": "bought last",
        "RFM": "recency, frequency, spend",
    }
)
RULES = ("window spend", "past spend", "frequency", "recency", "RFM")
LONG = 10
"""Horizons that a history holds from which on three days of it are tried."""
SHOWN = 4
"""Names of a kind that are written out."""
LOST = 0.1
"""Below this chance one of today's best is as good as lost: no call will bring the place back."""


def try_out(chapter: Chapter, past: Past, draws: int, seed: int) -> Backtest:
    """The backtest of the study's own horizon at two days in the past, at three where the history
    is ten times as long.

    Where the horizon does not fit twice into the history it is shortened, and an alert says so.
    """
    study = chapter.study
    horizon = study.horizon
    history = (ordinal(study.as_of) - ordinal(past.first_day)) / days_of(1.0, study.unit)
    if history < 2 * horizon - 1:
        horizon = float(np.floor(history / 2 * 10) / 10)
        chapter.alert(
            "The history is shorter than twice the horizon, so forecasts are tried {tried:name} "
            "ahead only, not {asked:name}.",
            tried=words.a_span(days_of(horizon, study.unit)),
            asked=words.a_span(days_of(study.horizon, study.unit)),
        )
    days = 3 if history >= LONG * horizon else 2
    origins = rolling_origins(past, study.as_of, horizon, study.unit, days)
    return backtest(
        past, origins, horizon, METHODS, unit=study.unit, draws=min(draws, 300), seed=seed,
        share=study.top_share, end=study.as_of,
    )  # fmt: skip


def span(chapter: Chapter, horizon: float | None = None) -> str:
    """The horizon as it stands after "the next": year, five years, 39 weeks."""
    study = chapter.study
    return words.span(days_of(study.horizon if horizon is None else horizon, study.unit))


def best_rule(trial: Backtest) -> str:
    """The one-line rule that did best: the one a manager would be right to use."""
    means = trial.means()["hit_rate"]
    return str(means[means.index.isin(RULES)].idxmax())


def verdict(trial: Backtest, share: float, length: str) -> Sentence:
    """What the combination finds, against the best one-line rule, and whether chance made it."""
    means, tried = trial.means()["hit_rate"], trial.table["origin"].nunique()
    values: dict[str, object] = {"tried": tried, "length": length, "share": share}
    when = "one earlier day" if tried == 1 else "{tried:few} earlier days"
    if not np.isfinite(means[COMBINATION]):
        return Sentence(
            f"Tried at {when}, the forecast could not be judged: nobody bought anything in the "
            "following {length:name}.",
            values,
        )
    rule = best_rule(trial)
    gaps = trial.differences[trial.differences["method"] == rule]
    difference = float(gaps["difference"].mean())
    # origins half a horizon apart share customers and purchases: their errors are not averaged out
    error = float(((gaps["upper"] - gaps["lower"]) / 3.92).mean())
    sure = abs(difference) > 1.96 * max(error, 1e-9)
    found, rule_found = float(means[COMBINATION]), float(means[rule])
    if sure and difference > 0:
        end = "more than chance would make"
    elif sure:
        end = "the rule did better, more than chance would make, so use the rule"
    elif words.percent(found) == words.percent(rule_found):
        end = "no difference, so the rule serves as well"
    else:
        end = "a difference that chance could make"
    text = (
        f"Tried at {when}, the forecast named {{found:percent}} of those who became the best "
        "{share:percent} of the following {length:name}; the simple rule “{rule:name}” named "
        "{rule_found:percent}: {end:name}."
    )
    rules = {"recency": "who bought last", "RFM": "who leads in recency, frequency and spend"}
    values |= {
        "found": found,
        "rule": rules.get(rule, f"who {WORDS[rule]}"),
        "rule_found": rule_found,
        "difference": difference,
        "end": end,
    }
    return Sentence(text, values)


def trust(trial: Backtest, share: float) -> Sentence:
    """Whether promises came true on the combination's own list, beyond what chance makes."""
    own = trial.table[trial.table["method"] == COMBINATION]
    promised, realised = float(own["promised"].mean()), float(own["realised"].mean())
    values = {"promised": promised, "realised": realised}
    if not np.isfinite(realised):
        return Sentence("Whether chances are kept cannot be said: nobody bought anything.", values)
    named = sum(list_size(int(n), share) for n in own["customers"])
    gap, luck = realised - promised, 1.96 * np.sqrt(promised * (1 - promised) / named)
    values |= {"named": named}
    if abs(gap) <= 0.03:
        end = "its chances can be taken at their word"
    elif abs(gap) <= luck:
        end = "with {named:count} names on its lists, chance alone could make that difference"
    elif gap < 0:
        end = "it promises too much, so read its chances a little lower"
    else:
        end = "it promises too little, so read its chances a little higher"
    text = (
        "It promised those on its lists a chance of {promised:percent} on average to be among the "
        f"best, and {{realised:percent}} were: {end}."
    )
    return Sentence(text, values)


def tried_by_name(chapter: Chapter, trial: Backtest, share: float) -> pd.DataFrame:
    """The lists of the past by name: whom they overlooked, and whom they named in vain.

    One row a day, latest first: `day`, `named` and `came` (how many), `overlooked` and
    `named_in_vain` (those first who brought most, and of whom most was expected).
    """
    rows = []
    for day, people in trial.top.groupby("origin", sort=False):
        size = list_size(len(people), share)
        people = with_names(chapter, people)
        own = places(people["score"].to_numpy(), size) > 0.5
        among = people["top"].to_numpy() > 0.5
        rows.append(
            {
                "day": day,
                "named": int(own.sum()),
                "came": int((own & among).sum()),
                "overlooked": _first(people[among & ~own].sort_values("spend", ascending=False)),
                "named_in_vain": _first(people[own & ~among].sort_values("score", ascending=False)),
            }
        )
    return pd.DataFrame(rows).set_index("day").sort_index(ascending=False)


def _first(people: pd.DataFrame) -> str:
    """The first names, and how many more there are."""
    names = [str(name) for name in people["name"].iloc[:SHOWN]]
    if len(people) > SHOWN:
        names.append(f"{len(people) - SHOWN:,} more")
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names) or "nobody"


def listed(best: pd.DataFrame, length: str) -> Sentence:
    """Who leads tomorrow's list, and how much of it will be right."""
    new = int((~best["top_today"].astype(bool)).sum())
    values = {
        "first": best["name"].iloc[0],
        "chance": float(best["p_top"].iloc[0]),
        "size": len(best),
        "hits": float(best["p_top"].sum()),
        "length": length,
        "new": new,
    }
    rest = "all of them are among today's best"
    if new:
        rest = "one of them is" if new == 1 else "{new:count} of them are"
        rest += " not among today's best"
    return Sentence(
        "Of the {size:plural customer} on the list for the next {length:name} about {hits:count} "
        f"will be among the best; {rest}. First stands {{first:name}} ({{chance:chance}}).",
        values,
    )


def moves(future: Future, today: pd.Series, count: int) -> pd.DataFrame:
    """Those whose place may change: risers by their chance, of today's best who may still stay
    those who spent most. Who is as good as lost is left out: `moving` counts them.
    """
    every = movers(future, today, count=len(future.customers))
    risers = every[every["move"] == "riser"].head(count)
    open_places = every[(every["move"] == "fader") & (every["p_top"] >= LOST)]
    return pd.concat([risers, open_places.sort_values("rank_today", kind="stable").head(count)])


def moving(
    both: dict[str, float], everybody: pd.DataFrame, movers: pd.DataFrame, length: str
) -> Sentence:
    """How much of today's list will still stand, who rises, who falls back.

    `everybody`: `top_today`, `p_top`; `movers`: `moves` with names.
    """
    text = (
        "Of today's best about {overlap:percent} will be among the best of the next {length:name} "
        "(80% interval {lower_80:percent} to {upper_80:percent})."
    )
    lost = int((everybody["top_today"].astype(bool) & (everybody["p_top"] < LOST)).sum())
    values: dict[str, object] = {**both, "length": length, "lost": lost, "least": LOST}
    risers = movers[movers["move"] == "riser"]
    faders = movers[movers["move"] == "fader"]
    if len(risers):
        text += " Likeliest to join them is {riser:name} ({riser_chance:chance})."
        values |= {"riser": risers["name"].iloc[0], "riser_chance": float(risers["p_top"].iloc[0])}
    if lost:
        start = " One of them is" if lost == 1 else " {lost:count} of them are"
        text += f"{start} as good as lost (a chance below {{least:percent}} to stay)."
    if len(faders):
        text += (
            " The largest of those who may stay or go is {fader:name} ({fader_chance:chance} to "
            "stay)."
        )
        values |= {"fader": faders["name"].iloc[0], "fader_chance": float(faders["p_top"].iloc[0])}
    return Sentence(text, values)


def ahead(chapter: Chapter) -> Recalled:
    """The forecast of the chapter on lifetime value: the futures that every chapter shares."""
    names = ("value", "draws_value", "future", "draws_total", "calendar")
    study = chapter.study
    return recall({name: chapter.load(name) for name in names}, study.horizon, study.top_share)


def total(future: Future, trial: Backtest, came: float, length: str) -> Sentence:
    """What the known customers will spend, with its interval, and how such intervals did."""
    line = future.total.loc["spend"]
    own = trial.table[trial.table["method"] == COMBINATION]
    held, tried = int(own["spend_in"].sum()), len(own)
    text = (
        "Customers known today will spend between {lower:money} and {upper:money} in the next "
        "{length:name} (95% interval; expected {mean:money}); in the last {length:name} those "
        "known "
        "before spent {came:money}. {record:name}"
    )
    if tried > 1:
        record = f"Such intervals held what came {held} of {tried} times."
    elif held:
        record = "The one time it was tried, such an interval held what came."
    else:
        record = "The one time it was tried, such an interval did not hold what came."
    values = {
        "lower": float(line["lower_95"]),
        "upper": float(line["upper_95"]),
        "mean": float(line["mean"]),
        "came": came,
        "length": length,
        "record": record,
    }
    return Sentence(text, values)


def with_names(chapter: Chapter, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with a column `name`: the customer's, where the study knows it, else the id."""
    names = "customer " + pd.Series(frame.index.astype(str), index=frame.index)
    if chapter.has("customers"):
        known = chapter.load("customers").drop_duplicates("customer_id").set_index("customer_id")
        if "name" in known:
            names = known["name"].reindex(frame.index).fillna(names)
    return frame.assign(name=names)


def with_today(chapter: Chapter, future: Future, today: pd.Series) -> pd.DataFrame:
    """One row a customer of the future: its columns, `top_today` and `name`."""
    spent = today.reindex(future.customers.index).fillna(0.0)
    inside = places(spent.to_numpy(), list_size(len(spent), future.share)) > 0.5
    return with_names(chapter, future.customers.assign(top_today=inside))


def before(chapter: Chapter) -> pd.Timestamp:
    """The day that lies one horizon before the study's end."""
    study = chapter.study
    return stamp(ordinal(study.as_of) - days_of(study.horizon, study.unit))


def pooled(reliability: pd.DataFrame) -> pd.DataFrame:
    """Groups of promises, all origins together: promised, happened, n."""
    group = (reliability["promised"] * 5).clip(upper=4).astype(int)
    weighted = reliability[["promised", "happened"]].mul(reliability["n"], axis=0)
    n = reliability["n"].groupby(group).sum()
    return weighted.groupby(group).sum().div(n, axis=0).assign(n=n).reset_index(drop=True)


def windows(chapter: Chapter, past: Past, trial: Backtest, future: Future) -> pd.DataFrame:
    """Past windows of the horizon and the next: what known customers spent, what was forecast."""
    study = chapter.study
    length = days_of(study.horizon, study.unit)
    end, first = ordinal(study.as_of), ordinal(past.first_day)
    count = int(min(6, (end - first) // length))
    rows = []
    for back in range(count, 0, -1):
        start = stamp(end - back * length)
        if ordinal(start) <= first + length / 4:
            continue
        spend = float(past.after(start, study.horizon, study.unit)["spend"].sum())
        rows.append({"end": stamp(end - (back - 1) * length), "spend": spend})
    frame = pd.DataFrame(rows, columns=["end", "spend"])
    own = trial.table[
        (trial.table["method"] == COMBINATION) & (trial.table["horizon"] == study.horizon)
    ]
    for row in own.itertuples():
        ended = pd.Timestamp(row.origin) + pd.Timedelta(days=int(length))
        near = (frame["end"] - ended).abs() <= pd.Timedelta(days=3)
        frame.loc[near, ["mean", "lower_95", "upper_95"]] = [
            row.spend * (1 + row.spend_bias),
            row.spend_lower_95,
            row.spend_upper_95,
        ]
    line = future.total.loc["spend"]
    following = {"end": stamp(end + length), "spend": np.nan} | {
        name: float(line[name]) for name in ("mean", "lower_80", "upper_80", "lower_95", "upper_95")
    }
    frame = frame.reindex(columns=list(following))
    frame.loc[len(frame)] = following
    return frame
