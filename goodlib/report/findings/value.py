"""Sentences of the chapter on lifetime value."""

from __future__ import annotations

import numpy as np
import pandas as pd

from goodlib.report.findings.model import MODELS
from goodlib.report.words import Sentence, between, duration, span
from goodlib.value.forecast import Forecast
from goodlib.value.habit import Habit, silent
from goodlib.value.worth import Worth


def history(orders: pd.DataFrame) -> float:
    """Days from the first order to the last."""
    day = pd.to_datetime(orders["date"])
    return float((day.max() - day.min()).days)


def top(value: pd.DataFrame, customers: pd.DataFrame | None, count: int = 20) -> pd.DataFrame:
    """The customers with the highest value to come, with their names where the study has them."""
    best = value.nlargest(count, "residual_value")
    names = "customer " + pd.Series(best.index.astype(str), best.index)
    if customers is not None and "name" in customers:
        known = customers.drop_duplicates("customer_id").set_index("customer_id")["name"]
        names = known.reindex(best.index).fillna(names)
    return best.assign(name=names.astype(str))


def silence(ahead: Forecast, summary: pd.DataFrame, unit_days: float) -> Sentence:
    """After how much silence a frequent and an occasional customer have probably left."""
    clock = ahead.fit.calendar
    back = summary[summary["frequency"] > 0]
    age = float(back["T"].median())
    idle = np.linspace(0, 0.999 * age, 400)
    words = {}
    often = np.maximum(1, back["frequency"].quantile([0.25, 0.9]).round()).astype(int)
    for name, frequency in zip(("rare", "often"), often, strict=True):
        each = silent(np.full(len(idle), frequency), age, idle, clock)
        gone = ahead.fit.p_alive(each).to_numpy() < 0.5
        words[name] = duration(idle[gone.argmax()] * unit_days) if gone.any() else None
        words[f"n_{name}"] = int(frequency)
        words[f"word_{name}"] = "purchase" if frequency == 1 else "purchases"
    words["age"] = duration(age * unit_days)
    start = "Of customers who first bought {age:name} ago, "
    if words["often"] is None:
        return Sentence(
            "Silence says little here: even a customer with {n_often:count} repeat purchases is "
            "never more likely gone than not.",
            words,
        )
    if words["rare"] is None or words["n_rare"] == words["n_often"]:
        return Sentence(
            start
            + "one with {n_often:count} repeat {word_often} has probably left after {often:name} "
            "of silence"
            + (
                "; one with {n_rare:count} repeat {word_rare} may still come."
                if words["rare"] is None
                else "."
            ),
            words,
        )
    return Sentence(
        start + "one with {n_often:count} repeat {word_often} has probably left after {often:name} "
        "of silence, one with {n_rare:count} repeat {word_rare} only after {rare:name}.",
        words,
    )


def halves(curve: pd.DataFrame) -> Sentence:
    """How few customers hold half of the value, and what those who cost take away."""
    count = int(np.searchsorted(curve["value_share"], 0.5)) + 1
    peak = float(curve["value_share"].max())
    values = {"count": count, "share": count / len(curve), "lost": peak - 1}
    if peak > 1.005:
        return Sentence(
            "{count:plural customer} ({share:percent}) hold half of the value to come; those who "
            "cost more than they bring take away {lost:percent} of it.",
            values,
        )
    return Sentence(
        "{count:plural customer} ({share:percent}) hold half of the value to come.", values
    )


def what_if(table: pd.DataFrame) -> pd.DataFrame:
    """Changes as a reader may want them."""
    words = table["change"].map(lambda name: MODELS.get(name, name).split(" (")[0])
    words = words.where(table["kind"] != "purchases", words + " alone as model of purchases")
    words = words.where(table["kind"] != "amounts", words + " for amounts")
    shown = pd.DataFrame({"change": words, "total": table["total"]})
    shown["against_this"] = table["total"] / table["total"].iloc[0] - 1
    return shown.assign(still_listed=table["shared"]).set_index("change")


def habit(found: Habit, unit_days: float, history_days: float) -> Sentence:
    """How often a typical customer buys, and how long half of them stay."""
    often, stay = ([bound * unit_days for bound in each] for each in found)
    words = {
        "interval": duration(often[0]),
        "interval_range": between(*often[1:], often[0]),
        "half": duration(stay[0]),
        "half_range": between(*stay[1:], stay[0]) if np.isfinite(stay[0]) else "",
        "history": duration(history_days),
    }
    start = "While active, a typical customer buys every {interval}"
    if words["interval_range"]:
        start += " ({interval_range})"
    if not np.isfinite(stay[0]):  # that nobody seems to leave is said by `still_here`
        return Sentence(start + ".", words)
    if stay[0] == 0:
        return Sentence(start + "; half of all never come back after the first purchase.", words)
    if stay[1] > history_days:
        return Sentence(
            start + "; fewer than half leave within the {history} that the history covers.", words
        )
    if stay[2] > 3 * max(history_days, stay[0]):
        words["half_lower"] = duration(stay[1])
        return Sentence(
            start + "; half of them leave within {half}, at the earliest {half_lower}; the history "
            "is too short to say at the latest.",
            words,
        )
    end = "; half of them leave within {half}" + (", {half_range}" if words["half_range"] else "")
    return Sentence(start + end + ".", words)


def still_here(alive: pd.Series) -> Sentence:
    """How many are probably still customers."""
    values = {
        "customers": len(alive),
        "expected": float(alive.sum()),
        "gone": int((alive < 0.2).sum()),
        "sure": int((alive > 0.8).sum()),
    }
    if values["expected"] > 0.999 * len(alive):
        return Sentence(
            "Nothing in the history says that any of {customers:plural customer} has left: the "
            "model "
            "that describes it best is one in which nobody leaves. So short a history may hide it.",
            values,
        )
    return Sentence(
        "Of {customers:plural customer} about {expected:count} are still active: {sure:count} "
        "almost certainly (a chance above 80%), {gone:count} hardly (below 20%). Nobody said "
        "goodbye: it is read off from how long each has been silent, beside how often they "
        "used to buy.",
        values,
    )


def worth(known: Worth, days: float, discount: float) -> Sentence:
    """What the base will still bring, and what that is of what it will spend."""
    total, future = known.total, known.ahead.future
    values = {
        "customers": len(known.customers),
        "total": float(total.mean()),
        "lower": float(np.quantile(total, 0.1)),
        "upper": float(np.quantile(total, 0.9)),
        "span": span(days),
        "discount": discount,
        "spend": float(future.totals["spend"].mean()),
    }
    values["kept"] = values["total"] / values["spend"]
    what = "revenue" if (known.customers["margin"] == 1).all() else "margin"
    return Sentence(
        "Over the next {span} today's {customers:plural customer} are worth {total:money} in "
        f"{what} "
        "(80 of 100 futures: {lower:money} to {upper:money}), discounted at {discount:percent} a "
        "year. That is {kept:percent} of the {spend:money} they are expected to spend.",
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
        "The best tenth of the customers hold {tenth:percent} of the value to come. First is "
        "{best:name} with {value:money} ({lower:money} to {upper:money}).",
        values,
    )


def first_place(top: pd.DataFrame) -> Sentence:
    """How far the order of the first is known."""
    rivals = int((top["residual_value_upper_80"] > top["residual_value"].iloc[0]).sum()) - 1
    values = {"rivals": rivals, "shown": len(top) - 1, "best": str(top["name"].iloc[0])}
    if rivals <= 0:
        return Sentence(
            "No other customer's range reaches what {best:name} is expected to bring.", values
        )
    start = "those of {rivals:count} of the {shown:count} others reach"
    if rivals == 1:
        start = "that of one of the {shown:count} others reaches"
    return Sentence(
        f"The ranges overlap: {start} what {{best:name}} is expected to bring. The list says who "
        "belongs to the top, not who is fourth.",
        values,
    )


def changes(table: pd.DataFrame, shown: int) -> Sentence:
    """What another assumption would change, and which matters most."""
    ratio = table["total"] / table["total"].iloc[0]
    most = (ratio - 1).abs().idxmax()
    values = {
        "lower": float(table["total"].min()),
        "upper": float(table["total"].max()),
        "shared": int(table["shared"].min()),
        "shown": shown,
        "what": what_if(table).index[most],
        "by": abs(float(ratio[most]) - 1),
    }
    way = "less" if ratio[most] < 1 else "more"
    return Sentence(
        "Other models and other discounts put the total between {lower:money} and {upper:money}, "
        "and at least {shared:count} of the first {shown:count} customers stay on the list in each "
        f"case. What matters most is: {{what:name}} ({{by:percent}} {way}).",
        values,
    )
