"""Sentences of the chapter on lifetime value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from goodlib.report.words import Sentence
from goodlib.value.habit import Habit
from goodlib.value.spend import independence

MODELS = {
    "ParetoNBD": "Pareto/NBD (buys at random while a client, may leave at any time)",
    "BetaGeoNBD": "BG/NBD (buys at random while a client, may leave after a repeat purchase)",
    "ModifiedBetaGeoNBD": "MBG/NBD (buys at random while a client, may leave after any purchase)",
    "NBD": "NBD (buys at random and never leaves)",
}
"""The purchase models in words."""
AMOUNTS = {
    "Gamma-Gamma, single amounts": "Gamma-Gamma",
    "Log-normal": "The log-normal",
    "Log-normal ~ np.log1p(frequency)": "The log-normal with a mean that goes with frequency",
}
"""The models of amounts in words."""
CLOSE = 2.0
"""Difference in AIC below which two models describe the data equally well."""


def model_name(fit: Any) -> str:
    """A purchase model in words; regular buyers are said so."""
    name = type(fit.model).__name__
    words = MODELS.get(name, name)
    k = getattr(getattr(fit.model, "law", None), "k", 1)
    return words.replace("buys at random", f"buys regularly, Erlang-{k},") if k > 1 else words


def duration(days: float) -> str:
    """A length of time in the unit a reader would choose: 9 days, 9 weeks, 9 months, 2.1 years."""
    years = days / 365.25 if np.isfinite(days) else np.inf
    if 0.98 < years < np.inf and abs(years - round(years)) < 0.02:
        return f"{years:,.0f} year" + ("" if round(years) == 1 else "s")
    for unit, size, limit in (("day", 1, 14), ("week", 7, 120), ("month", 30.4375, 730)):
        if days < limit:
            number = f"{days / size:.0f}"
            return f"{number} {unit}" + ("" if number == "1" else "s")
    if not np.isfinite(years):
        return "more than a lifetime"
    return f"{years:.1f} years" if years < 10 else f"{years:,.0f} years"


def history(orders: pd.DataFrame) -> float:
    """Days from the first order to the last."""
    day = pd.to_datetime(orders["date"])
    return float((day.max() - day.min()).days)


def top(value: pd.DataFrame, customers: pd.DataFrame | None, count: int = 20) -> pd.DataFrame:
    """The clients with the highest value to come, with their names where the study has them."""
    best = value.nlargest(count, "residual_value")
    names = pd.Series(best.index, best.index)
    if customers is not None and "name" in customers:
        known = customers.drop_duplicates("customer_id").set_index("customer_id")["name"]
        names = known.reindex(best.index).fillna(names)
    return best.assign(name=names.astype(str))


def warnings(purchases: Any, spend: Any, then: Any, summary: pd.DataFrame) -> list[Sentence]:
    """What is wrong with the fits, in plain sentences; empty where nothing is."""
    said = []
    for what, fit in (
        ("The model of purchases", purchases),
        ("The model of amounts", spend),
        ("The model of purchases up to the cut", then),
    ):
        for problem in fit.problems:
            values = {"what": what, "name": problem.name, "evidence": problem.evidence}
            said.append(
                Sentence(
                    "{what:name} has a problem ({name:name}): {evidence:name}. {cure:name}.",
                    values | {"cure": problem.cure},
                )
            )
    new = int((summary["T"] <= 0).sum())
    if new:
        said.append(
            Sentence(
                "{new:plural client} came for the first time on the last day: nothing is known of "
                "their habits, and they are valued like anyone new.",
                {"new": new},
            )
        )
    return said


def spend_choice(fits: list[Any], chosen: Any) -> Sentence:
    """Which model describes the amounts."""
    best, *others = fits
    values = {
        "chosen": AMOUNTS[best.model.title],
        "other": AMOUNTS[others[0].model.title].replace("The log", "the log"),
        "gap": others[0].aic - best.aic,
        "mean": float(chosen.mean_spend_new()),
    }
    return Sentence(
        "{chosen:name} describes the amounts best, {gap:count} points of AIC before {other:name}. "
        "A client of whom nothing is known is expected to spend {mean:money} a purchase.",
        values,
    )


def assumption(summary: pd.DataFrame, chosen: Any) -> Sentence:
    """Whether spend goes with frequency, and whether the model used knows."""
    found = independence(summary)
    knows = bool(getattr(getattr(chosen.model, "design", None), "names", ()))
    verdict = found.verdict
    if knows and found.lower > 0:
        verdict = (
            "Those who buy more often spend more each time; the model that is used knows it, and "
            "expects more of a frequent client."
        )
    elif knows and found.upper < 0:
        verdict = (
            "Those who buy more often spend less each time; the model that is used knows it, and "
            "expects less of a frequent client."
        )
    if not np.isfinite(found.correlation):
        return Sentence(verdict, {"n": found.n})
    values = {**found._asdict()}
    return Sentence(
        verdict + " (Rank correlation {correlation:.2f}, between {lower:.2f} and {upper:.2f}, "
        "over {n:plural client} who came back.)",
        values,
    )


def silence(purchases: Any, summary: pd.DataFrame, unit_days: float) -> Sentence:
    """After how much silence a frequent and an occasional client have probably left."""
    back = summary[summary["frequency"] > 0]
    age = float(back["T"].median())
    idle = np.linspace(0, 0.999 * age, 400)
    words = {}
    often = np.maximum(1, back["frequency"].quantile([0.25, 0.9]).round()).astype(int)
    for name, frequency in zip(("rare", "often"), often, strict=True):
        each = pd.DataFrame({"frequency": frequency, "recency": age - idle, "T": age})
        gone = purchases.p_alive(each).to_numpy() < 0.5
        words[name] = duration(idle[gone.argmax()] * unit_days) if gone.any() else None
        words[f"n_{name}"] = int(frequency)
    words["age"] = duration(age * unit_days)
    start = "Of clients who first bought {age:name} ago, "
    if words["often"] is None:
        return Sentence(
            "Silence says little here: even a client with {n_often:count} repeat purchases is "
            "never more likely gone than not.",
            words,
        )
    if words["rare"] is None or words["n_rare"] == words["n_often"]:
        return Sentence(
            start + "one with {n_often:plural repeat} has probably left after {often:name} of "
            "silence"
            + (
                "; one with {n_rare:plural repeat} may still come."
                if words["rare"] is None
                else "."
            ),
            words,
        )
    return Sentence(
        start + "one with {n_often:plural repeat} has probably left after {often:name} of silence, "
        "one with {n_rare:plural repeat} only after {rare:name}.",
        words,
    )


def halves(curve: pd.DataFrame) -> Sentence:
    """How few clients hold half of the value, and what those who cost take away."""
    count = int(np.searchsorted(curve["value_share"], 0.5)) + 1
    peak = float(curve["value_share"].max())
    values = {"count": count, "share": count / len(curve), "lost": peak - 1}
    if peak > 1.005:
        return Sentence(
            "{count:plural client} ({share:percent}) hold half of the value to come; those who "
            "cost more than they bring take away {lost:percent} of it.",
            values,
        )
    return Sentence(
        "{count:plural client} ({share:percent}) hold half of the value to come.", values
    )


def models(table: pd.DataFrame) -> pd.DataFrame:
    """The models as a reader may want them."""
    columns = {"llf": "log_likelihood", "nobs": "customers"}
    shown = table.drop(columns=["bic", "problems"]).rename(columns=columns)
    return shown.set_index("model")


def what_if(table: pd.DataFrame) -> pd.DataFrame:
    """Models and discounts as a reader may want them."""
    names = table["model"].map(lambda name: MODELS.get(name, name).split(" (")[0])
    shown = table.assign(model=names).rename(columns={"shared": "still_listed"})
    return shown.drop_duplicates(["model", "discount"]).set_index("model")


def choice(fits: list[Any], chosen: Any) -> Sentence:
    """Which model describes the purchases, and how clearly."""
    others = [fit for fit in fits if fit is not chosen]
    best = min(others, key=lambda fit: fit.aic)
    gap = best.aic - chosen.aic
    values = {
        "models": len(fits),
        "chosen": model_name(chosen),
        "other": model_name(best).split(" (")[0],
        "gap": abs(gap),
    }
    if gap < -CLOSE:
        return Sentence(
            "Of {models:count} models of buying the one without a warning is used: {chosen}. "
            "{other} fits better by {gap:.0f} points of AIC, but its parameters cannot be trusted.",
            values,
        )
    if gap < CLOSE:
        return Sentence(
            "Of {models:count} models of buying, {chosen} is used; {other} describes these clients "
            "as well (AIC {gap:.1f} apart), so the choice between the two is not made by the data.",
            values,
        )
    return Sentence(
        "Of {models:count} models of buying, {chosen} describes these clients best: {other}, the "
        "next, is {gap:.0f} points of AIC behind, where 10 are decisive.",
        values,
    )


def habit(found: Habit, unit_days: float, history_days: float) -> Sentence:
    """How often a typical client buys, and how long half of them stay."""
    stay, often = found.half_life, found.interval
    words = {
        "interval": duration(often.estimate * unit_days),
        "interval_lower": duration(often.lower * unit_days),
        "interval_upper": duration(often.upper * unit_days),
        "half": duration(stay.estimate * unit_days),
        "half_lower": duration(stay.lower * unit_days),
        "half_upper": duration(stay.upper * unit_days),
        "history": duration(history_days),
    }
    start = "While active, a typical client buys every {interval}"
    if words["interval_lower"] != words["interval_upper"]:
        start += " (between {interval_lower} and {interval_upper})"
    if not np.isfinite(stay.estimate):
        return Sentence(start + "; nothing in the {history} of history says that any leave.", words)
    if stay.estimate == 0:
        return Sentence(start + "; half of all never come back after the first purchase.", words)
    if stay.lower * unit_days > history_days:
        return Sentence(
            start + "; fewer than half leave within the {history} that the history covers.", words
        )
    if stay.upper * unit_days > 3 * max(history_days, stay.estimate * unit_days):
        return Sentence(
            start + "; half of them leave within {half}, at the earliest {half_lower}; the history "
            "is too short to say at the latest.",
            words,
        )
    return Sentence(
        start + "; half of them leave within {half}, between {half_lower} and {half_upper}.", words
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


def moved(total: pd.Series, past: pd.DataFrame, spent: Any) -> list[Sentence]:
    """Warnings where the level of purchases or of amounts has moved since the cut.

    `spent`: the spend model as of the cut.
    """
    said = []
    if not total["lower_80"] <= total["actual"] <= total["upper_80"]:
        values = {"factor": total["actual"] / max(total["expected"], 1e-9)}
        said.append(
            Sentence(
                "The pace of the base moved: {factor:.2f} times as many purchases came after the "
                "cut as the model expected. It knows neither season nor trend; the order of the "
                "clients suffers little, the totals do. The chapter on the future adds both.",
                values,
            )
        )
    came = past[past["frequency_holdout"] > 0]
    expected = spent.expected_spend(past).reindex(came.index) * came["frequency_holdout"]
    factor = float(came["amount_holdout"].sum() / expected.sum()) if len(came) else 1.0
    if not 0.8 <= factor <= 1.25:
        said.append(
            Sentence(
                "The level of amounts moved: a purchase after the cut brought {factor:.2f} times "
                "what the model expected from the amounts before it. Value here is at the mean "
                "level of the whole history; the chapter on the future reads the level of today.",
                {"factor": factor},
            )
        )
    return said


def calibration(groups: pd.DataFrame) -> Sentence:
    """For how many groups of clients the forecast held."""
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
        "{groups:plural group}; the largest gap is that of the {customers:plural client} with "
        "{worst:name} {word:name}: {expected:.3g} each were expected and {actual:.3g} came.",
        values,
    )


def still_here(alive: pd.Series) -> Sentence:
    """How many are probably still clients."""
    values = {
        "customers": len(alive),
        "expected": float(alive.sum()),
        "gone": int((alive < 0.2).sum()),
        "sure": int((alive > 0.8).sum()),
    }
    if values["expected"] > 0.999 * len(alive):
        return Sentence(
            "Nothing in the history says that any of {customers:plural client} has left: the model "
            "that describes it best is one in which nobody leaves. So short a history may hide it.",
            values,
        )
    return Sentence(
        "Of {customers:plural client} about {expected:count} are still active: {sure:count} "
        "almost certainly (a chance above 80%), {gone:count} hardly (below 20%). Nobody said "
        "goodbye: it is read off from how long each has been silent, beside how often they "
        "used to buy.",
        values,
    )


def worth(value: pd.DataFrame, total: np.ndarray, span: float, discount: float) -> Sentence:
    """What the base will still bring."""
    values = {
        "customers": len(value),
        "total": float(value["residual_value"].sum()),
        "lower": float(np.quantile(total, 0.1)),
        "upper": float(np.quantile(total, 0.9)),
        "span": duration(span),
        "discount": discount,
    }
    return Sentence(
        "Over the next {span} today's {customers:plural client} are worth {total:money} in margin "
        "(80 of 100 futures: {lower:money} to {upper:money}), discounted at {discount:percent} a "
        "year.",
        values,
    )


def concentration(curve: pd.DataFrame, top: pd.DataFrame) -> Sentence:
    """Who holds the value."""
    values = {
        "tenth": float(np.interp(0.1, curve["customers_share"], curve["value_share"])),
        "best": str(top["name"].iloc[0]),
        "value": float(top["residual_value"].iloc[0]),
        "lower": float(top["residual_value_lower_80"].iloc[0]),
        "upper": float(top["residual_value_upper_80"].iloc[0]),
    }
    return Sentence(
        "The best tenth of the clients hold {tenth:percent} of the value to come. First is "
        "{best:name} with {value:money} ({lower:money} to {upper:money}).",
        values,
    )


def first_place(top: pd.DataFrame) -> Sentence:
    """How far the order of the first is known."""
    rivals = int((top["residual_value_upper_80"] > top["residual_value"].iloc[0]).sum()) - 1
    values = {"rivals": rivals, "shown": len(top) - 1, "best": str(top["name"].iloc[0])}
    if rivals <= 0:
        return Sentence(
            "No other client's range reaches what {best:name} is expected to bring.", values
        )
    return Sentence(
        "The ranges overlap: those of {rivals:count} of the {shown:count} others reach what "
        "{best:name} is expected to bring. The list says who belongs to the top, not who is "
        "fourth.",
        values,
    )


def changes(table: pd.DataFrame, shown: int) -> Sentence:
    """What another model or another discount would change."""
    totals = table["total"]
    values = {
        "lower": float(totals.min()),
        "upper": float(totals.max()),
        "shared": int(table["shared"].min()),
        "shown": shown,
    }
    return Sentence(
        "Other models and other discounts put the total between {lower:money} and {upper:money}, "
        "and at least {shared:count} of the first {shown:count} clients stay on the list in each "
        "case.",
        values,
    )
