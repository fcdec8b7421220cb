"""Sentences of the chapter on the three goods."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from goodlib.decision.balance import GOODS, aitchison
from goodlib.decision.goods import Goods
from goodlib.decision.rubric import Rated
from goodlib.report.findings.comparison import listed
from goodlib.report.words import Sentence

WORDS = {"others": "the good of others", "skill": "learning", "you": "our own income"}


HEADS = {
    "p_low": "chance to be low on all three",
    "money_rank": "place by money",
    "good_rank": "place by all three",
    "p_top_good": "chance of a place there",
    "good_at_it": "learned, in first engagements",
    "good_for_you": "good for us",
}
LEAST = 12
"""Rows of the table of those who are low on all three goods."""
FORMATS = {
    HEADS["p_low"]: "percent",
    HEADS["p_top_good"]: "percent",
    "good for others": "count",
    HEADS["good_for_you"]: "money",
    HEADS["good_at_it"]: "number",
    "hours": "count",
    "engagements": "count",
}


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """The table with headings in words; amounts of work in whole units."""
    heads = {name: HEADS.get(name, name.replace("_", " ")) for name in table}
    found = table.rename(columns=heads)
    whole = [name for name in found if FORMATS.get(name) == "count"]
    found = found.assign(**{name: found[name].round() for name in whole})
    learned = HEADS["good_at_it"]
    if learned in found:
        found[learned] = [f"{size:,.2f}" for size in found[learned]]
    return found


def formats(table: pd.DataFrame) -> dict[str, str]:
    """How the columns of a plain table are written."""
    return {name: kind for name, kind in FORMATS.items() if name in table}


def units(work: pd.DataFrame, outcome: Rated | None, performance: Rated | None) -> dict[str, str]:
    """What each good is counted in."""
    unit = work["unit"].iloc[0] if len(work) else "hours"
    well = "" if performance is None else ", by the chance that it was done well"
    return {
        "others": f"{unit} given to others"
        if outcome is None
        else f"{unit} of work, by the chance that it did others good",
        "skill": f"what it taught, in first engagements{well}",
        "you": "money expected, of their own and through others",
    }


def given(names: Mapping[str, float], stated: bool) -> Sentence:
    """The balance the firm chose, or that it chose none."""
    text = "{others:percent} for others, {skill:percent} to learn, {you:percent} for itself"
    if stated:
        return Sentence(f"The firm chose this balance of its effort: {text}.", dict(names))
    return Sentence(
        "The study names no balance that the firm chose, so equal shares stand in its place: a "
        "line `balance` in the study file, with three shares that sum to one, changes that.",
        dict(names),
    )


def balance(now: pd.Series, goal: Mapping[str, float], ring: pd.DataFrame, months: int) -> Sentence:
    """Where the effort of the last months went, and which good it leans to."""
    gap = {good: now[good] - goal[good] for good in GOODS}
    most, least = max(gap, key=gap.get), min(gap, key=gap.get)
    spread = ring[least].quantile([0.1, 0.9])
    values = {**{good: now[good] for good in GOODS}, "months": months, "goal": goal[least]}
    values |= {"less": now[least], "lower": spread.iloc[0], "upper": spread.iloc[1]}
    values["distance"] = float(aitchison(now[list(GOODS)].to_numpy(), list(goal.values())))
    start = (
        "Of the effort of the last {months:count} months {others:percent} went to others, "
        "{skill:percent} to learning and {you:percent} to our own income"
    )
    if max(abs(x) for x in gap.values()) < 0.03:
        return Sentence(start + ", which is the balance the firm chose.", values)
    return Sentence(
        start + f": too much for {WORDS[most]} by the firm's own choice, and most of it is missing "
        f"for {WORDS[least]} ({{less:percent}} where {{goal:percent}} was chosen; with other "
        "customers of the same kind it might have been {lower:percent} to {upper:percent}).",
        values,
    )


def balance_claim(months: pd.DataFrame) -> Sentence:
    """Whether effort moves towards the chosen balance."""
    now, then = months["distance"].iloc[-1], months["distance"].iloc[max(0, len(months) - 25)]
    values = {"now": now, "then": then}
    if now < 0.85 * then:
        return Sentence("In two years effort has moved towards the balance the firm chose", values)
    if now > 1.15 * then:
        return Sentence("In two years effort has moved away from the chosen balance", values)
    return Sentence("Effort stays about as far from the chosen balance as it was", values)


def effort(orders: pd.DataFrame, effort: pd.DataFrame) -> Sentence:
    """What stands for effort, and how much of it could not be placed."""
    if effort["unit"].iloc[0] == "hours":
        return Sentence("Effort is hours, as written down with the good they were for.", {})
    paid = orders.loc[orders["amount"] > 0, "amount"].sum()
    return Sentence(
        "This study knows no hours, so the money of each engagement stands for the effort: the "
        "part "
        "of it that was new to the firm counts as learning, the rest as the orders themselves say. "
        "{share:percent} of the money of this time could not be placed, because nothing says whom "
        "it was for.",
        {"share": 1 - effort["hours"].sum() / paid},
    )


def distance(months: pd.DataFrame, pseudocount: float, window: int) -> Sentence:
    """The distance in a number, with what it is made of; `window`: months looked back on."""
    values = {"now": months["distance"].iloc[-1], "small": pseudocount}
    values["then"] = months["distance"].iloc[max(0, len(months) - 25)]
    values["window"] = window
    values["day"] = months.index[max(0, len(months) - 25)]
    return Sentence(
        "The star is the balance chosen, the line the way there or away from it, the shaded ring "
        "what might as well have come out with other customers of the same kind (four of five "
        "resamples). The distance from the star, which compares ratios of shares and not their "
        "differences (Aitchison's), is {now:.2f} today and was {then:.2f} in the {window:count} "
        "months to {day:date}; a firm that does only one of the three is 4 to 7 away. A share of "
        "zero is counted as {small:.1%}.",
        values,
    )


def money_alone(moves: pd.DataFrame, names: pd.Series, cost: pd.Series) -> Sentence:
    """Who falls and who rises when all three goods count, and what that costs."""
    falls, rises = moves[moves["move"] == "falls"], moves[moves["move"] == "rises"]
    values = {"best": int(moves["top_money"].sum()), "falls": len(falls), **cost}
    if falls.empty:
        return Sentence(
            "The {best:count} best customers are the same by money alone and by all three goods.",
            values,
        )
    for word, some, by in (("risen", rises, "good_rank"), ("fallen", falls, "money_rank")):
        first = names[some.sort_values(by).index[:3]].tolist()
        values[word] = listed(first if len(some) <= 3 else [", ".join(first), "others"])
    return Sentence(
        "Of the {best:count} best customers by money alone {falls:count} are not among the best "
        "when "
        "all three goods count: {fallen:name} give way to {risen:name}"
        ". Their expected value differs by {given_up:money} (80% sure: {lower_80:money} to "
        "{upper_80:money}), {share:percent} of all: so much money the other two goods would "
        "cost if "
        "only those on the list were served.",
        values,
    )


def low_claim(customers: pd.DataFrame) -> Sentence:
    """How many are low on all three."""
    n = len(customers)
    if not n:
        return Sentence("Nobody is low on all three goods beyond reasonable doubt", {"n": 0})
    verb = "is" if n == 1 else "are"
    return Sentence(f"{{n:plural customer}} {verb} not good enough for us, for now", {"n": n})


def low(customers: pd.DataFrame, unit: str, cost: float, total: float) -> Sentence:
    """The customers who are low on all three goods, and what they cost.

    `customers`: those low for sure, `name`, `hours`; `cost` of one hour, missing where unknown.
    """
    hours = customers["hours"].sum()
    values = {"n": len(customers), "hours": hours, "share": hours / total if total else np.nan}
    if customers.empty:
        return Sentence(
            "Nobody on whom we spent effort is low on all three goods beyond reasonable doubt.",
            values,
        )
    values["names"] = listed(customers.nlargest(3, "hours")["name"].tolist())
    values["cost"] = hours * cost
    money = ", about {cost:money} at the firm's own cost," if np.isfinite(cost) else ""
    return Sentence(
        f"{{n:plural customer}} took {{hours:count}} {unit} ({{share:percent}} of all){money} and "
        "give little of any of the three goods, with a chance of at least 80%: most of it went to "
        "{names:name}.",
        values,
    )


def low_but_warm(sure: pd.DataFrame, quadrants: pd.DataFrame | None) -> list[Sentence]:
    """Who is low on all three goods and yet good to work with, as chapter 5 has it; or nothing.

    `sure`: `name`, `hours`; `quadrants`: `quadrant`, by customer.
    """
    if quadrants is None:
        return []
    warm = quadrants["quadrant"].reindex(sure.index).astype(str).eq("modest but warm").to_numpy()
    some = sure[warm].nlargest(3, "hours")["name"].tolist()
    if not some:
        return []
    first = "the first of {n:count} " if warm.sum() > len(some) else ""
    return [
        Sentence(
            f"With {{names:name}}, {first}among these, it is good to work (chapter 5), which is "
            "none of the three goods: ask them for something new or for a word to others before "
            "their time is cut.",
            {"names": listed(some), "n": int(warm.sum())},
        )
    ]


def low_table(near: pd.DataFrame, sure: pd.Index) -> tuple[pd.DataFrame, str]:
    """Whom the finding counts, most effort first, and the caption; else who comes nearest.

    `near`: one row a customer, `p_low` and the effort in the third column.
    """
    if len(sure):
        shown, caption = near.loc[sure], "Low on all three goods, most effort first"
        shown = shown.sort_values(near.columns[2], ascending=False, kind="stable")
    else:
        shown, caption = near.nlargest(LEAST, "p_low"), "Nearest to low on all three goods"
    if len(shown) > LEAST:
        caption += f": the first {LEAST} of {len(shown):,}"
    return plain(shown.head(LEAST).reset_index(drop=True)), caption


def map_claim(cells: pd.DataFrame) -> Sentence:
    """How many cells of the map are new, and how much work is in the old ones."""
    values = {"n": len(cells), "new": int(cells["new"].sum())}
    values["share"] = cells.loc[cells["new"], "hours"].sum() / cells["hours"].sum()
    if not values["new"]:
        return Sentence("All {n:count} cells of the map in which we worked are old ground", values)
    return Sentence(
        "Of {n:count} cells of the map in which we worked {new:count} are new, with "
        "{share:percent} "
        "of the work",
        values,
    )


def learned(goods: Goods, names: pd.Series, skills: pd.DataFrame, placed: float) -> Sentence:
    """Who taught the firm most, and what the hours meant for learning brought.

    `placed`: the share of the work that names a cell of the map.
    """
    taught = goods.customers["learned"].sort_values(ascending=False)
    values = {"all": taught.sum(), "who": listed(names[taught.index[:3]].tolist())}
    values["share"] = taught.iloc[:3].sum() / taught.sum() if taught.sum() else np.nan
    if not taught.sum():
        return Sentence(
            "No work since then taught the firm anything that its map can place.", values
        )
    text = (
        "What the work taught was worth {all:.1f} first engagements in all, and {share:percent} of "
        "it came from {who:name}."
    )
    if "skill" in skills.index:
        values |= {"hours": skills.loc["skill", "hours"], "age": skills.loc["skill", "age"]}
        values["new"] = skills.loc["skill", "new_share"]
        text += (
            " Of the {hours:count} hours booked as learning {new:percent} were in cells of the map "
            "that were new to us; the rest went to work that the firm first did {age:.1f} years "
            "before, on average."
            if values["new"]
            else " None of the {hours:count} hours booked as learning were in a cell of the map "
            "that was new to us: they went to work that the firm first did {age:.1f} years before, "
            "on average."
        )
    if placed < 0.995:
        values["lost"] = 1 - placed
        text += " {lost:percent} of the work names no cell of the map and could not be placed."
    return Sentence(text, values)


def adds_up_claim(goods: Goods) -> Sentence:
    """How much of the money is more of today."""
    sums = goods.customers[["pays_now", "may_pay_later"]].sum()
    values = {"now": sums["pays_now"] / sums.sum(), "later": sums["may_pay_later"] / sums.sum()}
    return Sentence(
        "{now:percent} of the money expected is more of today; {later:percent} would be new", values
    )


def lacking(goods: Goods, outcome: Rated | None, named: bool) -> list[Sentence]:
    """What the study cannot say about the three goods, and what would change that; or nothing.

    `named`: whether the study names a rubric of good for others.
    """
    text = ""
    if not goods.known["others"] and not goods.known["skill"]:
        return []  # the cells left out have said so
    if outcome is None and named:
        text = (
            "What this study cannot say: the study names a rubric of good for others, but too few "
            "or no different scores were given on it, so hours given away stand for it."
        )
    elif outcome is None:
        text = (
            "What this study cannot say: nobody rates how the work came out for others (`rubrics` "
            "in the study file), so good for others counts what was given and not what it did."
        )
    return [Sentence(text, {})] if text else []


def adds_up(
    goods: Goods, prospects: pd.DataFrame | None, sent: pd.DataFrame | None, names: pd.Series
) -> Sentence:
    """Good for you in money, and that it reconciles with the chapters before.

    `sent`: one row a customer or referrer, `attributed`; `names`: of everybody in it.
    """
    sums = goods.customers[["pays_now", "may_pay_later"]].sum()
    values = {**sums, "own": sums.sum()}
    text = (
        "The money adds up to the {own:money} of residual value in chapter 2: "
        "{pays_now:money} if customers go on at most as today, and {may_pay_later:money} that they "
        "may pay beyond today."
    )
    if sent is None:
        text += " Nothing is known of what came through others."
    else:
        friends = sent.loc[~sent.index.isin(goods.customers.index), "attributed"]
        friends = friends[friends > 0].sort_values(ascending=False)
        values |= {"through": sent["attributed"].sum(), "friends": friends.sum()}
        text += (
            " {through:money} of it comes through somebody who sent the customer; that is counted "
            "with the one who sent as well as with the one who pays, since losing either may lose "
            "it, and so the customers' sums are not to be added up."
        )
        if len(friends):
            values |= {"n": len(friends), "who": listed(names[friends.index[:3]].tolist())}
            text += (
                " {n:plural person people} who never paid anything sent {friends:money} of it, "
                "first of all {who:name}: no list of customers would show them."
            )
    if prospects is not None:
        already = prospects["already_customer"].astype(bool)
        new = prospects[~already]
        values |= {"open": new["expected_value"].sum(), "count": len(new), "more": already.sum()}
        if len(new):
            text += (
                " Prospects still open who would be new customers ({count:count}) are worth "
                "{open:money} on top of it and stand in no list here."
            )
        if already.any():
            text += (
                " Further work for customers ({more:plural prospect}) is a part of the sum already."
            )
    return Sentence(text, values)


def only_pro_bono(months: float) -> Sentence:
    """How long the money would last."""
    if not np.isfinite(months):
        return Sentence(
            "Only pro bono: how long the money would last cannot be told, since the study does not "
            "know what the work costs.",
            {},
        )
    return Sentence(
        "Only pro bono: if all work were given away from tomorrow on, the margin of the last "
        "period "
        "would pay for {months:.1f} months of work at the present cost.",
        {"months": months},
    )


def only_learning(prices: pd.DataFrame, skills: pd.DataFrame, unit: str) -> Sentence:
    """At what price the firm learns, and how scattered its skills are."""
    one = unit.removesuffix("s")
    own, values = prices.loc["all", "price"], {"own": prices.loc["all", "price"]}
    if "skill" not in skills.index or not np.isfinite(prices.loc["skill", "price"]):
        new = skills.loc["all"]
        values |= {"cells": new["cells"], "new": new["new_share"]}
        return Sentence(
            "Only learning: no work is marked as taken on to learn, so its price cannot be told "
            f"apart from the firm's own of {{own:money}} for one of the {unit}. The work is spread "
            "as if evenly over {cells:.0f} cells of the map; {new:percent} of it was in new ones.",
            values,
        )
    row = prices.loc["skill"]
    values |= {"price": row["price"], "lower": row["lower_80"], "upper": row["upper_80"]}
    values |= {"cells": skills.loc["skill", "cells"], "rest": skills.loc["you", "cells"]}
    way = "below" if row["upper_80"] < own else "above" if row["lower_80"] > own else "about at"
    return Sentence(
        f"Only learning: work taken on to learn earns {{price:money}} an {one} (80% sure: "
        f"{{lower:money}} to {{upper:money}}), {way} the firm's own rate of {{own:money}}, and is "
        "spread as if evenly over {cells:.0f} cells of the map, where paid work fills {rest:.0f}.",
        values,
    )


def only_revenue(skills: pd.DataFrame, sources: pd.DataFrame) -> Sentence:
    """How old the skills are, and where later customers would come from."""
    row = skills.loc["you"] if "you" in skills.index else skills.loc["all"]
    free = sources[~sources.index.isin(["paid work", "nothing known"])]
    values = {
        "age": row["age"],
        "new": row["new_share"],
        "n": free["customers"].sum(),
        "share": free["value_share"].sum(),
    }
    return Sentence(
        "Only revenue: paid work is done in cells of the map that the firm entered {age:.1f} years "
        "before, on average, and "
        + ("{new:percent} of it" if values["new"] else "none of it")
        + " in new ones; {n:plural customer} with {share:percent} of the expected value came by "
        "what others sent, by work given away or by work taken on to learn, and a firm that had "
        "always looked at revenue alone would be without them.",
        values,
    )
