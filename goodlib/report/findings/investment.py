"""Sentences of the chapter on where to invest."""

from __future__ import annotations

import numpy as np
import pandas as pd

from goodlib.decision.investment import GOODS, InvestmentModel, Limits, Plan
from goodlib.report.words import Sentence, percent

WORDS = {"others": "good for others", "skill": "what we learn", "you": "what it earns"}


def summary(plan: pd.DataFrame) -> Sentence:
    """Who moves, and how sure that is."""
    way = np.sign(plan["level"] - plan["level_now"])
    values = {
        "people": len(plan),
        "up": int((way > 0).sum()),
        "down": int((way < 0).sum()),
        "stay": int((way == 0).sum()),
        "firm": int(((way != 0) & plan["firm"]).sum()),
        "moves": int((way != 0).sum()),
        "hours": plan["hours"].sum(),
    }
    if not values["moves"]:
        return Sentence(
            "Nobody needs to move: with {hours:count} hours a month the {people:count} customers "
            "and prospects are already at the levels that bring most.",
            values,
        )
    return Sentence(
        "With {hours:count} hours a month, {up:count} of {people:count} customers and prospects "
        "should get more, {down:count} less, and {stay:count} stay; {firm:count} of the "
        "{moves:plural move} hold in at least 95 % of the draws, the rest are worth a "
        "conversation.",
        values,
    )


def gain(plan: Plan, table: pd.DataFrame) -> Sentence:
    """What the plan brings beside what today's levels bring, by the study's response table."""
    rows = np.arange(len(table))
    before = plan.model.services.index.get_indexer(table["level_now"])
    now, then = float(plan.model.gain("you")[rows, before].sum()), float(plan.goods["you"])
    values = {"now": now, "then": then, "change": abs(then - now) / abs(now) if now else np.nan}
    values |= {"hours_now": table["hours_now"].sum(), "hours": table["hours"].sum()}
    way = "more" if then >= now else "less"
    return Sentence(
        "With {hours:count} hours a month instead of {hours_now:count}, the plan brings "
        "{then:money} "
        f"of good for us instead of {{now:money}} ({{change:percent}} {way}), if customers respond "
        "to service as the study assumes; that is an assumption, not an estimate.",
        values,
    )


def price_of_an_hour(prices: pd.DataFrame) -> Sentence:
    """What one more hour a month would bring."""
    hours = prices.loc["hours"]
    values = {"you": hours["you"], "used": hours["used"], "limit": hours["limit"]}
    if not hours["binding"]:
        return Sentence(
            "The hours are not scarce: the plan uses {used:count} of {limit:count}, and one more "
            "would bring nothing.",
            values,
        )
    return Sentence(
        "One more hour a month would bring about {you:money} of good for us: the price above "
        "which an hour is better spent elsewhere.",
        values,
    )


def floors(prices: pd.DataFrame) -> Sentence:
    """What the firm gives up by what it insists on."""
    least = prices[prices.index.str.startswith("floor") | (prices.index == "exploration")]
    binding = least[least["binding"]]
    names = " and ".join(str(name) for name in least.index)
    values = {"asked": len(least), "binding": len(binding), "you": -binding["you"].sum()}
    if least.empty:
        return Sentence(
            "The study sets no least share for any good and none for exploring: nothing is given "
            "up for them.",
            values,
        )
    if binding.empty:
        return Sentence(
            "What the firm insists on costs nothing: the best plan keeps " + names + " of itself.",
            values,
        )
    names = ", ".join(str(name) for name in binding.index)
    return Sentence(
        "Keeping " + names + " gives up {you:money} of good for us.",
        values,
    )


def exploration(model: InvestmentModel, limits: Limits, cost: float) -> Sentence:
    """What a share of the hours for those who may become best costs, and whom it reaches."""
    explorers = model.explorers
    chance = model.candidates.get("p_top", pd.Series(0.0, model.candidates.index)).fillna(0)
    values = {
        "share": limits.explore,
        "people": int(explorers.sum()),
        "chance": limits.explore_chance,
        "hits": float(chance[explorers].sum()),
        "cost": cost,
    }
    if not explorers.any():
        return Sentence(
            "Nobody outside today's best has a chance of {chance:percent} or more to be among "
            "tomorrow's: there is nothing to explore.",
            values,
        )
    return Sentence(
        "{people:plural customer} outside today's best have a chance of {chance:percent} or more "
        "to be among tomorrow's, and about {hits:.0f} of them will be. Reserving {share:percent} "
        "of the hours for them costs "
        + ("{cost:money} of expected good for us" if cost > 1 else "nothing in this plan")
        + "; that exploring pays in the end is possible, not shown.",
        values,
    )


def basis(assumed: pd.Series, now: pd.Series, people: pd.DataFrame) -> Sentence:
    """What the plan rests on: of whom a good was assumed, and how today's hours are known."""
    named = {column: WORDS[good] for good, column in GOODS.items()}
    parts = [f"{named[key]} of {count:,}" for key, count in assumed.items() if count]
    values = {
        "customers": int((people["kind"] == "customer").sum()),
        "prospects": int((people["kind"] == "prospect").sum()),
    }
    text = (
        "The plan covers {customers:plural customer} and, still open, {prospects:plural prospect}"
    )
    if parts:
        text += "; the mean of the known stands in for " + ", ".join(parts)
    hours = {
        "recorded": ". Hours now are those recorded over the last year.",
        "spread": (
            ". No hours are recorded: today's are taken to go with what was ordered in the last "
            "three years."
        ),
    }
    return Sentence(text + hours[str(now.name)], values)


def levels(table: pd.DataFrame) -> Sentence:
    """Where the hours go by level."""
    change = (
        table.groupby("level")["hours"].sum() - table.groupby("level_now")["hours_now"].sum()
    ).fillna(0)
    names = table.drop_duplicates("level").set_index("level")["level_name"]
    if change.empty or change.max() <= 0:
        return Sentence("The plan uses no level of service more than today.", {})
    level = change.idxmax()
    return Sentence(
        "Most of the hours that move go to {level:name}: {hours:count} a month more than now.",
        {"level": names.get(level, level), "hours": change[level]},
    )


def movers(table: pd.DataFrame) -> Sentence:
    """Who moves by kind."""
    up = table["level"] > table["level_now"]
    values = {
        "up": int((up & (table["kind"] == "customer")).sum()),
        "down": int((table["level"] < table["level_now"]).sum()),
        "new": int((up & (table["kind"] == "prospect")).sum()),
    }
    return Sentence(
        "{up:plural customer} and {new:plural prospect} go up a level or more; {down:count} go "
        "down.",
        values,
    )


def firm(table: pd.DataFrame) -> Sentence:
    """How many of the moves are firm."""
    moved = table["level"] != table["level_now"]
    values = {"moves": int(moved.sum()), "firm": int((moved & table["firm"]).sum())}
    values["talk"] = values["moves"] - values["firm"]
    if not values["moves"]:
        return Sentence("Nobody moves: today's levels are the plan's.", values)
    return Sentence(
        "{firm:count} of {moves:plural move} are firm; {talk:count} are worth a conversation "
        "first.",
        values,
    )


def agenda(table: pd.DataFrame, count: int = 8) -> pd.DataFrame:
    """The largest moves with their reasons, as a table for a meeting."""
    change = table["hours"] - table["hours_now"]
    most, least = change[change > 0].nlargest(count), change[change < 0].nsmallest(count)
    shown = table.loc[[*most.index, *least.index]]
    return pd.DataFrame(
        {
            "name": shown["name"],
            "kind": shown["kind"],
            "hours_now": shown["hours_now"],
            "hours": shown["hours"],
            "firm_share": shown["firmness"],
            "reason": shown["reason"],
        }
    )


def limits(prices: pd.DataFrame) -> pd.DataFrame:
    """The plan's limits as a table: kept, used, binding, and the money one more unit brings."""
    return pd.DataFrame(
        {
            "at": prices["limit"],
            "used": prices["used"],
            "binding": np.where(prices["binding"], "yes", "no"),
            "unit_value": np.where(prices["binding"], prices["you"], 0.0),
        },
        index=prices.index,
    )


def hanging(sweep: pd.DataFrame) -> Sentence:
    """How many decisions hang on the assumed response to service."""
    moved = sweep.ne(sweep.iloc[:, 0], axis=0).any(axis=1)
    values = {"hang": int(moved.sum()), "people": len(sweep), "share": moved.mean()}
    return Sentence(
        "{hang:count} of {people:count} levels ({share:percent}) change when the response to "
        "service levels off much earlier or much later than assumed; the others do not hang on "
        "it.",
        values,
    )


def reasons(plan: pd.DataFrame, model: InvestmentModel) -> pd.Series:
    """One sentence a candidate: why this level.

    Parameters
    ----------
    plan : DataFrame, one row a candidate
        `level_now`, `level`, `hours_now`, `hours`, `level_name`.
    """
    levels = model.services.index
    rows = np.arange(len(plan))
    now, then = levels.get_indexer(plan["level_now"]), levels.get_indexer(plan["level"])
    parts = {
        good: model.balance[good] * model.gain(good) / model.scale(good) for good in model.balance
    }
    change = np.column_stack([part[rows, then] - part[rows, now] for part in parts.values()])
    main = np.array(list(parts))[np.abs(change).argmax(axis=1)]
    share = np.abs(change).max(axis=1) / np.maximum(np.abs(change).sum(axis=1), 1e-300)
    explorer, people = model.explorers, model.candidates
    strained = people.get("strained", pd.Series(0.0, people.index)).fillna(0).ge(0.5).to_numpy()
    owner = people.get("owner", pd.Series(None, people.index, dtype=object))
    chance = people.get("p_top", pd.Series(0.0, people.index)).fillna(0).to_numpy(float)
    said = []
    for i, (before, after) in enumerate(zip(now, then, strict=True)):
        words = []
        if after == before:
            words.append("Stays: no other level would bring more for its hours")
        elif after > before:
            words.append(f"More: {percent(share[i])} of what it adds is {WORDS[main[i]]}")
        else:
            words.append("Less: its hours bring more elsewhere")
        if explorer[i] and after >= before:
            words.append(f"{percent(chance[i])} chance to be among tomorrow's best")
        if strained[i]:
            known = isinstance(owner.iloc[i], str)
            first = f"{owner.iloc[i]} to speak with them" if known else "name an owner"
            words.append(f"the relationship is strained: {first} first")
        said.append("; ".join(words) + ".")
    return pd.Series(said, plan.index, name="reason")
