"""Sentences and tables on segments: what the order book alone says, and how warm each group is."""

from __future__ import annotations

import pandas as pd

from goodlib.decision.comparison import Transition
from goodlib.decision.segment import scores
from goodlib.report.words import Sentence


def rfm_table(rfm: pd.DataFrame, value: pd.Series) -> pd.DataFrame:
    """One row a segment: customers, past amount, and what is expected of it from here on."""
    joined = rfm.join(value.rename("residual_value"))
    grouped = joined.groupby("segment", observed=True)
    frame = grouped.agg(
        customers=("idle", "size"),
        median_idle_days=("idle", "median"),
        amount=("amount", "sum"),
        residual_value=("residual_value", "sum"),
    )
    frame["median_idle_days"] = frame["median_idle_days"].round()
    frame["value_share"] = frame["residual_value"] / frame["residual_value"].sum()
    return frame.reset_index()


def rfm_claim(rfm: pd.DataFrame, value: pd.Series) -> Sentence:
    """Where the expected value lies among the analyst's segments."""
    table = rfm_table(rfm, value).sort_values("value_share", ascending=False)
    best = table.iloc[0]
    return Sentence(
        "Counting orders alone, {share:percent} of the expected value lies with the segment "
        "“{segment}” ({n:plural customer})",
        {"share": best["value_share"], "segment": best["segment"], "n": best["customers"]},
    )


def segments(rfm: pd.DataFrame, value: pd.Series) -> pd.DataFrame:
    """Each customer's scores, segment, and tenth by expected value (1 the best)."""
    tenth = 11 - scores(value, 10)
    return rfm.assign(segment=rfm["segment"].astype(str)).join(tenth.rename("value_tenth"))


def tenths(value: pd.Series, quadrants: pd.DataFrame) -> pd.DataFrame:
    """One row a tenth by expected value, best first: its share of the value, and how warm it is."""
    tenth = (11 - scores(value, 10)).rename("value_tenth")
    frame = _warmth(value, quadrants, tenth)
    frame["value_share"] = frame["residual_value"] / frame["residual_value"].sum()
    return frame.reset_index()[
        ["value_tenth", "customers", "residual_value", "value_share", "rated", "warm_share"]
    ]


def tenths_claim(table: pd.DataFrame) -> Sentence:
    """How much the best hold, and whether they are warmer than the others."""
    top = table[table["value_tenth"] <= 3]
    rest = table[table["value_tenth"] > 3]
    values = {"share": top["value_share"].sum()}
    for name, part in (("warm", top), ("other", rest)):
        values[name] = (part["warm_share"] * part["rated"]).sum() / max(part["rated"].sum(), 1)
    return Sentence(
        "The best three tenths hold {share:percent} of the value to come; {warm:percent} of those "
        "rated among them are warm, and {other:percent} of the others",
        values,
    )


def potential(groups: pd.DataFrame, value: pd.Series, quadrants: pd.DataFrame) -> pd.DataFrame:
    """One row a group of value today against potential: how many, worth what, how warm."""
    order = ["stays best", "rising", "fading", "others"]
    frame = _warmth(value, quadrants, groups["group"]).reindex(order).fillna({"customers": 0})
    return frame.rename_axis("group").reset_index()


def potential_claim(groups: pd.DataFrame) -> Sentence:
    """How many of those worth most are not the likeliest to be best next."""
    count = groups["group"].value_counts()
    values = {"best": int(groups["top_today"].sum()), "rising": int(count.get("rising", 0))}
    if not values["rising"]:
        return Sentence(
            "The {best:count} customers worth most are also the likeliest to be best next", values
        )
    if values["rising"] == 1:
        return Sentence(
            "Of the {best:count} customers worth most one is not among the likeliest to be best "
            "next; another is in its place",
            values,
        )
    return Sentence(
        "Of the {best:count} customers worth most {rising:count} are not among the likeliest to be "
        "best next; as many others are",
        values,
    )


def symmetry(moved: Transition) -> Sentence:
    """Whether agreement is more than chance, and whether it fails more on one side."""
    tests = moved.tests["pvalue"]
    values = {"kappa": moved.kappa, "bowker": tests["Bowker"], "margins": tests["Stuart-Maxwell"]}
    agree = (
        "no more than chance would give"
        if values["kappa"] < 0.1
        else "a little more than chance would give"
        if values["kappa"] < 0.4
        else "much more than chance would give"
    )
    even = (
        "as many stand higher by value as by relationship, so neither side is the kinder one"
        if not values["bowker"] < 0.05
        else "more stand higher on one side than on the other, tier by tier"
    )
    text = (
        f"The tiers agree {agree} (kappa {{kappa:.2f}}, where 1 is complete and 0 is chance), and "
        f"{even} (Bowker's test: p = {{bowker:.2f}}"
    )
    text += "; Stuart and Maxwell's: p = {margins:.2f})." if values["margins"] >= 0 else ")."
    return Sentence(text, values)


def _warmth(value: pd.Series, quadrants: pd.DataFrame, by: pd.Series) -> pd.DataFrame:
    warm = quadrants["p_warm"].reindex(value.index)
    frame = pd.DataFrame({"residual_value": value, "warm": (warm > 0.5).where(warm.notna())})
    grouped = frame.groupby(by.reindex(value.index).to_numpy())
    return pd.DataFrame(
        {
            "customers": grouped.size(),
            "residual_value": grouped["residual_value"].sum(),
            "rated": grouped["warm"].count(),
            "warm_share": grouped["warm"].mean(),
        }
    ).rename_axis(by.name)
