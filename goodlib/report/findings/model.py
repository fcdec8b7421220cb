"""Sentences on the models of the chapter on lifetime value: chosen, tried, and what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from goodlib.report.findings import warning
from goodlib.report.words import Sentence
from goodlib.value.calendar import Calendar
from goodlib.value.choice import LAWS
from goodlib.value.forecast import Fit, Forecast
from goodlib.value.problem import Problem
from goodlib.value.spend import independence
from goodlib.value.tracking import Rehearsal

MODELS = {
    "ParetoNBD": "Pareto/NBD (buys at random while a customer, may leave at any time)",
    "BetaGeoNBD": "BG/NBD (buys at random while a customer, may leave after a repeat purchase)",
    "ModifiedBetaGeoNBD": "MBG/NBD (buys at random while a customer, may leave after any purchase)",
    "NBD": "NBD (buys at random and never leaves)",
}
"""The purchase models in words."""
AMOUNTS = {
    "Gamma-Gamma, single amounts": "Gamma-Gamma",
    "Log-normal": "the log-normal",
    "Log-normal ~ np.log1p(frequency)": "the log-normal with a mean that goes with frequency",
}
"""The models of amounts in words."""
MANY = 0.01
"""Share of the customers from which it matters that nothing is known of their habits."""
CLOSE = 2.0
"""Difference in AIC below which two models describe the data equally well."""


def model_name(fit: Any) -> str:
    """A purchase model in words; regular buyers are said so."""
    name = type(fit.model).__name__
    words = MODELS.get(name, name)
    k = getattr(getattr(fit.model, "law", None), "k", 1)
    return words.replace("buys at random", f"buys regularly, Erlang-{k},") if k > 1 else words


def warnings(ahead: Forecast, then: Rehearsal | None, summary: pd.DataFrame) -> list[Sentence]:
    """What is wrong with the fits and what has moved, in plain sentences; empty where nothing.

    `then`: the test on the past, None where the history is too short for one.
    """
    said: list[Sentence] = []
    for fit in _fits(ahead, then):  # of the trial on the past only what is not wrong today too
        texts = [each.text for each in said]
        said += [each for each in warning.alerts(*fit) if each.text not in texts]
    new = int((summary["T"] <= 0).sum())
    if new > MANY * len(summary):
        said.append(
            Sentence(
                "{new:plural customer} came for the first time on the last day: nothing is "
                "known of their habits, and they are valued like anyone new.",
                {"new": new},
            )
        )
    return said + (moved(then) if then else [])


def details(ahead: Forecast, then: Rehearsal | None) -> list[Sentence]:
    """The same problems of the fits with names and figures, for who knows the models."""
    return [each for fit in _fits(ahead, then) for each in warning.details(*fit)]


def _fits(ahead: Forecast, then: Rehearsal | None) -> list[tuple[str, list[Problem]]]:
    return [
        ("The model of purchases", ahead.fit.purchases.problems),
        ("The model of amounts", ahead.fit.spend.model.fit().problems),
        ("The model of purchases tried on the past", then.fit.purchases.problems if then else []),
    ]


def amounts(ahead: Forecast) -> Sentence:
    """What a purchase brings, and how far one customer's purchases differ: a claim."""
    return Sentence(
        "A purchase brings {mean:money} on average over the customers, and one customer's "
        "purchases typically differ from that customer's mean by {swing:percent} of it.",
        {
            "mean": float(ahead.fit.mean_amount().mean()),
            "swing": 1 / np.sqrt(float(ahead.fit.spend.params["p"])),
        },
    )


def amounts_law(fits: list[Any]) -> Sentence:
    """How amounts are drawn, and which law describes single amounts best."""
    best = fits[0]
    gamma = next(fit for fit in fits if fit.model.title.startswith("Gamma"))
    other = next(fit for fit in fits if not fit.model.title.startswith("Gamma"))
    values = {
        "other": AMOUNTS[other.model.title],
        "gap": abs(other.aic - gamma.aic),
    }
    if best is gamma:
        return Sentence(
            "Gamma-Gamma, the model of amounts that the futures use, describes them best: "
            "{other:name} is {gap:count} points of AIC behind.",
            values,
        )
    return Sentence(
        "The futures draw amounts from Gamma-Gamma with the spread that is seen; {other:name} "
        "describes single amounts better by {gap:count} points of AIC, and the last section says "
        "what it would change.",
        values,
    )


def assumption(summary: pd.DataFrame) -> Sentence:
    """Whether spend goes with frequency, and what that means for the values."""
    found = independence(summary)
    if not np.isfinite(found.correlation):
        return Sentence(found.verdict, {"n": found.n})
    verdict = found.verdict
    if abs(found.correlation) >= 0.3 and not found.lower <= 0 <= found.upper:
        more = "more" if found.correlation > 0 else "less"
        verdict = (
            f"Those who buy more often spend {more} each time. The model of amounts does not know "
            "it; the regression and the last spend, which are weighed in, do."
        )
    return Sentence(
        verdict + " (Rank correlation {correlation:.2f}, between {lower:.2f} and {upper:.2f}, "
        "over {n:plural customer} who came back.)",
        {**found._asdict()},
    )


def models(table: pd.DataFrame) -> pd.DataFrame:
    """The models as a reader may want them."""
    short = {key: words.split(" (")[0] for key, words in MODELS.items()}
    names = table["model"].map(short | AMOUNTS).fillna(table["model"])
    shown = table.assign(model=names.str[0].str.upper() + names.str[1:])
    columns = {"params": "parameters", "llf": "log_likelihood", "nobs": "customers"}
    shown = shown.drop(columns=["bic", "problems"]).rename(columns=columns)
    shown["parameters"] = shown["parameters"].str.replace("np.log1p(frequency)", "frequency")
    return shown.set_index("model")


def choice(fits: list[Any], law: str) -> Sentence:
    """Which model describes the purchases, and how clearly. `law`: the name of the first used."""
    chosen = next(fit for fit in fits if type(fit.model) is LAWS[law])
    others = [fit for fit in fits if fit is not chosen]
    best = min(others, key=lambda fit: fit.aic)
    gap = best.aic - chosen.aic
    values = {
        "models": len(fits),
        "chosen": model_name(chosen),
        "other": model_name(best).split(" (")[0],
        "gap": abs(gap),
    }
    if gap < -CLOSE and best.problems:
        return Sentence(
            "Of {models:few} models of buying, {chosen} is the best without a warning. "
            "{other} fits better by {gap:.0f} points of AIC, but its parameters cannot be trusted.",
            values,
        )
    if gap < -CLOSE:
        return Sentence(
            "Of {models:few} models of buying, {chosen} described these customers best before "
            "season and level were known; with them {other} is {gap:.0f} points of AIC better, "
            "and the last section says what it would change.",
            values,
        )
    if gap < CLOSE:
        return Sentence(
            "Of {models:few} models of buying, {chosen} and {other} describe these customers best, "
            "and equally well (AIC {gap:.1f} apart): the data do not choose between the two.",
            values,
        )
    return Sentence(
        "Of {models:few} models of buying, {chosen} describes these customers best: {other}, the "
        "next, is {gap:.0f} points of AIC behind, where 10 are decisive.",
        values,
    )


def drawn(fit: Fit) -> Sentence:
    """Which models of purchases the futures are drawn from."""
    names = [model_name(each).split(" (")[0] for each in fit.opinions]
    values = {"first": names[0], "all": ", ".join(names[:-1]) + f" and {names[-1]}"}
    if len(names) == 1:
        return Sentence("The futures are drawn from {first:name} alone.", values)
    return Sentence(
        "What fits best need not foretell best, so the futures are drawn in equal parts from "
        "every model that may be believed: {all:name}. Habits and the test on the past are those "
        "of {first:name}.",
        values,
    )


def tracking(total: pd.Series, cut: Any) -> Sentence:
    """How the forecast of the holdout went, in all."""
    values = {
        **{name: float(value) for name, value in total.items()},
        "cut": pd.Timestamp(cut),
        "miss": abs(total["expected"] / max(total["actual"], 1) - 1),
    }
    start = (
        "Told nothing after {cut:date}, the model expected {expected:count} repeat purchases "
        "(80 of 100 futures: {lower_80:count} to {upper_80:count}); {actual:count} came"
    )
    if total["lower_80"] <= total["actual"] <= total["upper_80"]:
        return Sentence(start + ", within that range.", values)
    word = "few" if total["expected"] < total["actual"] else "many"
    return Sentence(
        start + f", outside that range: it expected {{miss:percent}} too {word}.", values
    )


def moved(then: Rehearsal) -> list[Sentence]:
    """Warnings where purchases or amounts since the cut left even the widest of their ranges."""
    said, total, amounts = [], then.tracking.total, then.amounts
    cut = pd.Timestamp(then.cut)
    if not total["lower_95"] <= total["actual"] <= total["upper_95"]:
        values = {"factor": total["actual"] / max(total["expected"], 1e-9), "cut": cut}
        said.append(
            Sentence(
                "The pace of buying has moved: since {cut:date}, {factor:.2f} times as many "
                "purchases came as were expected on that day, further off than in 95 of 100 "
                "futures. Trust the order of the customers more than the totals.",
                values,
            )
        )
    if not amounts["lower_95"] <= amounts["factor"] <= amounts["upper_95"]:
        values = {"factor": amounts["factor"], "cut": cut}
        said.append(
            Sentence(
                "The size of purchases has moved: since {cut:date} a purchase brought {factor:.2f} "
                "times what was expected on that day, further off than in 95 of 100 futures. "
                "Totals in money are less sure than their ranges say.",
                values,
            )
        )
    return said


def calibration(groups: pd.DataFrame) -> Sentence:
    """For how many groups of customers the forecast held."""
    held = groups["actual"].between(groups["lower_80"], groups["upper_80"])
    worst = (groups["expected"] - groups["actual"]).abs().mul(groups["customers"]).idxmax()
    values = {
        "held": int(held.sum()),
        "groups": len(groups),
        "worst": str(worst),
        "word": "repeat purchase" if str(worst) == "1" else "repeat purchases",
        "actual": float(groups.loc[worst, "actual"]),
        "expected": float(groups.loc[worst, "expected"]),
        "customers": int(groups.loc[worst, "customers"]),
    }
    return Sentence(
        "Grouped by how often they had bought, the forecast held for {held:count} of "
        "{groups:plural group}; the largest gap is that of the {customers:plural customer} with "
        "{worst:name} {word:name}: {expected:.3g} each were expected and {actual:.3g} came.",
        values,
    )


def sharing(ahead: Forecast) -> Sentence:
    """Who brings how much: how the three forecasts are weighed."""
    inside, window = ahead.weights
    values = {
        "models": (1 - window) * (1 - inside),
        "regression": (1 - window) * inside,
        "window": window,
        "learnt": ahead.learnt_at,
    }
    return Sentence(
        "The models say how much the base will bring. Who brings how much of it is weighed from "
        "three forecasts, by how they did from {learnt:date} on: the models ({models:percent}), a "
        "regression on each customer's history ({regression:percent}) and what each spent lately "
        "({window:percent}).",
        values,
    )


def clock(found: Calendar) -> Sentence:
    """Whether the base has a calendar, and how much better it describes the history."""
    if found.kind == "none":
        reason = found.refused[0] if found.refused else "none made the history more likely"
        return Sentence(
            "No season and no common rise or fall of all customers is read from this history "
            "({reason:name}); that one may come all the same is in every range.",
            {"reason": reason},
        )
    words = {"both": "a season and a level", "season": "a season", "level": "a level"}
    values = {"what": words[found.kind], "gain": 2 * found.gain}
    return Sentence(
        "All customers share {what:name} of the base, which the models know: without it they "
        "describe the history worse by {gain:count} points of AIC.",
        values,
    )
