"""Sentences of the customer-base audit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from goodlib.history.audit import UNITS, Audit, concentration, retention, top_count
from goodlib.report.words import Sentence

MANY = 0.05
"""Share of rows left out from which a reader must know before any number."""

RULES = {"customer_id is missing": "they name no customer"}


def base(audited: Audit, share: float) -> Sentence:
    """How many bought in the last period, for how much, and what the best of them brought."""
    values = _period(audited) | _best(audited, share)
    values |= {"purchases": int(audited.active["purchases"].sum())}
    if not values["customers"]:
        return Sentence("Nobody bought anything in the {months} months to {end:date}.", values)
    return Sentence(
        "In the {months:plural month} to {end:date}, {customers:plural customer} bought "
        "{purchases:plural time} for {amount:money} in all; the best {share:percent} of them "
        "({best:count}) brought {best_share:percent} of it.",
        values,
    )


def concentrated(audited: Audit, share: float) -> Sentence:
    """How many customers bring half of the revenue."""
    values = _period(audited) | _best(audited, share)
    if not values["amount"] > 0:
        return Sentence("The last period has no revenue that could be shared out", values)
    curve = concentration(audited.active["amount"])
    half = int(np.searchsorted(curve["amount_share"], 0.5 - 1e-12)) + 1
    values |= {"half": half, "half_share": half / len(curve)}
    return Sentence(
        "Half of the revenue comes from {half:plural customer}, {half_share:percent} of all who "
        "bought",
        values,
    )


def frequent(bins: pd.DataFrame) -> Sentence:
    """What those who bought once make up, and what they bring."""
    once = bins[bins["purchases"] == "1"]
    values = {
        "share": float(once["customer_share"].sum()),
        "amount_share": float(once["amount_share"].sum()),
    }
    if once.empty:
        return Sentence("Everybody who bought in the period bought more than once", values)
    return Sentence(
        "{share:percent} of them bought only once in the period, and they brought "
        "{amount_share:percent} of the revenue",
        values,
    )


def change(audited: Audit, steps: pd.DataFrame) -> Sentence:
    """How the revenue changed from period to period, and through whom."""
    before, now = steps.loc["before", "amount"], steps.loc["now", "amount"]
    values = {
        "months": audited.months,
        "before": before,
        "now": now,
        "growth": abs(now / before - 1) if before > 0 else np.nan,
        "lost_share": steps.loc["lost", "customers"] / max(steps.loc["before", "customers"], 1),
        "lost": int(steps.loc["lost", "customers"]),
        "customers_before": int(steps.loc["before", "customers"]),
        "lost_amount": -steps.loc["lost", "amount"],
        "new": int(steps.loc["new", "customers"] + steps.loc["back", "customers"]),
        "new_amount": steps.loc[["new", "back"], "amount"].sum(),
        "stayed": steps.loc[["less", "more"], "amount"].sum(),
    }
    values["drift"] = abs(values["stayed"])
    if not before > 0:
        return Sentence("The period before has no revenue to hold this one against.", values)
    way = "rose by {growth:percent}" if now >= before else "fell by {growth:percent}"
    if values["growth"] < 0.005:
        way = "stayed where it was"
    stayed = "more" if values["stayed"] >= 0 else "less"
    came = "{new:count} who came or came back brought {new_amount:money}."
    if not values["new"]:
        came = "nobody came or came back."
    return Sentence(
        f"Against the {{months:plural month}} before, revenue {way}, from {{before:money}} to "
        "{now:money}: {lost:count} of {customers_before:count} customers bought no more "
        "(−{lost_amount:money}), those who stayed bought {drift:money} " + stayed + ", and " + came,
        values,
    )


def churn(steps: pd.DataFrame) -> Sentence:
    """What share of the customers of one period does not buy in the next: a claim."""
    values = {
        "lost_share": steps.loc["lost", "customers"] / max(steps.loc["before", "customers"], 1),
        "amount_share": -steps.loc["lost", "amount"] / max(steps.loc["before", "amount"], 1e-9),
    }
    if not steps.loc["before", "customers"]:
        return Sentence("There is no period before to compare with", values)
    return Sentence(
        "{lost_share:percent} of the customers of the period before did not buy in the last one; "
        "they had brought {amount_share:percent} of its revenue",
        values,
    )


def kept(cohort_frame: pd.DataFrame) -> Sentence:
    """What share buys again in the span after the first one, and much later."""
    unit, many, length = _unit(cohort_frame)
    pooled = retention(cohort_frame)
    if pooled.empty:
        return Sentence("The history is too short to see who came back.", {})
    enough = pooled[pooled["customers"] >= max(10, 0.25 * pooled["customers"].iloc[0])]
    late = enough if len(enough) else pooled.head(1)
    values = {
        "unit": unit,
        "units": many,
        "first": pooled["active_share"].iloc[0],
        "n": int(pooled["customers"].iloc[0]),
        "age": int(late.index[-1]) * length,
        "late": late["active_share"].iloc[-1],
        "n_late": int(late["customers"].iloc[-1]),
    }
    soon = "{first:percent}" if values["first"] else "nobody"
    text = f"Of {{n:plural customer}}, {soon} bought again in the {{unit:name}} after their first"
    if values["age"] == length:
        return Sentence(text + ".", values)
    late = "{late:percent} did" if values["late"] else "nobody did any more"
    return Sentence(
        f"{text}; {{age:count}} {{units:name}} on, {late} (of the {{n_late:count}} known that "
        "long).",
        values,
    )


def newer(compared: pd.Series | None) -> Sentence:
    """Whether newer cohorts stay better than older ones: a claim."""
    if compared is None:
        return Sentence("All customers came at about the same time", {})
    values = {name: float(value) for name, value in compared.items()}
    said = "{newer:percent} of them bought again soon, {older:percent} of the older"
    if values["lower"] > 0:
        return Sentence(f"Newer customers stay better than older ones did: {said}", values)
    if values["upper"] < 0:
        return Sentence(f"Newer customers stay less often than older ones did: {said}", values)
    return Sentence(
        f"Newer customers stay neither clearly better nor worse than older ones: {said}", values
    )


def newer_doubt(compared: pd.Series | None) -> Sentence:
    """How sure the comparison of newer with older cohorts is."""
    if compared is None:
        return Sentence("With one cohort there is nothing to compare.", {})
    values = {name: float(value) for name, value in compared.items()}
    return Sentence(
        "The newer half of the cohorts against the older half: a difference of "
        "{difference:points} percentage points, with a 95% interval from {lower:points} to "
        "{upper:points}. It counts who bought in the span after their first; it does not ask who "
        "they are.",
        values,
    )


def rests_on(cohort_frame: pd.DataFrame) -> Sentence:
    """What share of the last span's revenue comes from customers who were there before: a claim."""
    last = cohort_frame[cohort_frame["span"] == cohort_frame["span"].max()]
    total, old = last["amount"].sum(), last.loc[last["age"] > 0, "amount"].sum()
    values = {"unit": _unit(cohort_frame)[0], "share": old / total if total > 0 else np.nan}
    if values["share"] > 0.9995:
        return Sentence(
            "All revenue of the last {unit:name} comes from customers who were there before it",
            values,
        )
    return Sentence(
        "{share:percent} of the revenue of the last {unit:name} comes from customers who were "
        "there before it",
        values,
    )


def left_out(problems: pd.DataFrame, orders: pd.DataFrame) -> Sentence:
    """How many rows of the orders are not in any number here."""
    gone = _gone(problems)
    values = {"left_out": int(gone["count"].sum()), "kept": len(orders), "rules": len(gone)}
    values["share"] = values["left_out"] / max(values["left_out"] + values["kept"], 1)
    if not values["left_out"]:
        return Sentence("All {kept:count} orders of the history are in these numbers", values)
    return Sentence(
        "{kept:count} rows of orders are in these numbers; left out: {left_out:count} "
        "({share:percent})",
        values,
    )


def alerts(problems: pd.DataFrame, orders: pd.DataFrame) -> Iterator[Sentence]:
    """One sentence for each reason for which many orders were left out."""
    gone = _gone(problems)
    total = len(orders) + gone["count"].sum()
    for row in gone.itertuples(index=False):
        if row.count > MANY * total and not row.rule.startswith("filter"):
            cure = row.consequence.partition("; ")[2]
            yield Sentence(
                "{count:count} of {total:count} rows of orders ({share:percent}) are in no number "
                "of this report: {rule:name}." + (" {cure:name}." if cure else ""),
                {
                    "cure": cure[:1].upper() + cure[1:],
                    "count": int(row.count),
                    "total": int(total),
                    "share": row.count / total,
                    "rule": RULES.get(row.rule, row.rule),
                },
            )


def _gone(problems: pd.DataFrame) -> pd.DataFrame:
    out = problems["consequence"].str.startswith("left out") & (problems["table"] == "orders")
    return problems[out]


def _period(audited: Audit) -> dict[str, object]:
    return {
        "months": audited.months,
        "end": audited.end,
        "customers": len(audited.active),
        "amount": float(audited.active["amount"].sum()),
    }


def _best(audited: Audit, share: float) -> dict[str, object]:
    amounts = audited.active["amount"]
    if not len(amounts):
        return {"share": share, "best": 0, "best_share": np.nan}
    best = top_count(len(amounts), share)
    brought = concentration(amounts)["amount_share"].iloc[best - 1]
    return {"share": share, "best": best, "best_share": float(brought)}


def _unit(cohort_frame: pd.DataFrame) -> tuple[str, str, int]:
    """The span as a word, the unit that later spans are counted in, and its number in a span."""
    unit = UNITS[int(cohort_frame["months"].iloc[0])]
    length = {"five years": 5, "decade": 10}.get(unit, 1)
    return unit, "years" if length > 1 else f"{unit}s", length
