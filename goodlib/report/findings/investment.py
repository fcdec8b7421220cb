"""Sentences of the chapter on where to invest."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from goodlib.decision.candidate import mostly_through_others
from goodlib.decision.investment import GOODS, InvestmentModel, Plan
from goodlib.decision.rate import MULTIPLES
from goodlib.decision.response import ELASTICITY, SOURCE, Response
from goodlib.report.chapter import Chapter
from goodlib.report.figures import investment as figures
from goodlib.report.findings.comparison import listed
from goodlib.report.words import Sentence, percent

SAME = 0.0005
"""A change of a good below this share is none."""
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
        "{moves:plural move} hold in at least 95% of the draws, the rest are worth a "
        "conversation.",
        values,
    )


def gain(plan: Plan, table: pd.DataFrame) -> Sentence:
    """What the plan brings beside what today's levels bring, by the study's response table."""
    rows, model = np.arange(len(table)), plan.model
    before = model.services.index.get_indexer(table["level_now"])
    now = {good: float(model.gain(good)[rows, before].sum()) for good in GOODS}
    then = {good: float(plan.goods[good]) for good in GOODS}
    change = {good: then[good] / now[good] - 1 if now[good] else np.nan for good in GOODS}
    values = {"now": now["you"], "then": then["you"], "change": abs(change["you"])}
    values |= {"hours_now": table["hours_now"].sum(), "hours": table["hours"].sum()}
    way = {good: "more" if then[good] >= now[good] else "less" for good in GOODS}
    others = [good for good in ("others", "skill") if np.isfinite(change[good])]
    values |= {good: abs(change[good]) for good in others}
    rest = " and ".join(
        f"{{{good}:percent}} {way[good]} of {WORDS[good]}"
        if abs(change[good]) >= SAME
        else f"as much of {WORDS[good]}"
        for good in others
    )
    if way["you"] == "less" and any(change[good] >= SAME for good in others):
        values["weight"] = 1.0 - model.balance["you"]
        rest += "; the balance gives the goods other than our own income {weight:percent} of the "
        rest += "weight, and by it that is a gain"
    return Sentence(
        "With {hours:count} hours a month instead of {hours_now:count}, the plan brings "
        f"{{then:money}} of good for us instead of {{now:money}} ({{change:percent}} {way['you']})"
        + (f", {rest}" if rest else "")
        + ". All of it holds if customers respond to service as the study assumes: an assumption, "
        "not an estimate.",
        values,
    )


def price_of_an_hour(
    prices: pd.DataFrame, services: pd.DataFrame, months: float, recorded: bool = True
) -> Sentence:
    """What one more hour would bring, beside what an hour costs where today's are recorded.

    `months`: of the horizon, over which one hour a month is kept up.
    """
    hours, dear = prices.loc["hours"], services.loc[services["hours"].idxmax()]
    values = {"you": hours["you"] / months, "used": hours["used"], "limit": hours["limit"]}
    values |= {"months": months, "all": hours["you"], "cost": dear["cost"] / dear["hours"]}
    if not hours["binding"]:
        return Sentence(
            "The hours are not scarce: the plan uses {used:count} of {limit:count}, and one more "
            "would bring nothing.",
            values,
        )
    text = (
        "One more hour a month, kept up for {months:plural month}, would bring about {all:money} "
        "of good for us, {you:money} an hour, beside what it does for the other two goods"
    )
    if not recorded:
        more = "; but today's hours are assumed and not recorded, so read this as an order of size."
        return Sentence(text + more, values)
    if not values["cost"] > 0:
        return Sentence(text + ".", values)
    more = values["you"] > values["cost"]
    verdict = (
        "by money alone more hours would pay"
        if more
        else "by money alone it would not pay to add hours, only to move them"
    )
    return Sentence(text + f"; an hour of service costs {{cost:money}}, so {verdict}.", values)


def floors(prices: pd.DataFrame) -> Sentence:
    """What the firm gives up by what it insists on."""
    least = prices[_insisted(prices)]
    binding = least[least["binding"]]
    values = {"asked": len(least), "binding": len(binding), **_lost(binding)}
    if least.empty:
        return Sentence(
            "The study sets no least share for any good and none for exploring: nothing is given "
            "up for them",
            values,
        )
    names = listed([str(name) for name in (least if binding.empty else binding).index])
    if binding.empty:
        return Sentence(
            f"What the firm insists on costs nothing: the best plan keeps {names} of itself",
            values,
        )
    return Sentence(f"Keeping {names} gives up " + _cost(values), values)


def _insisted(prices: pd.DataFrame) -> pd.Series:
    return prices.index.str.startswith("floor") | (prices.index == "exploration")


def _lost(binding: pd.DataFrame) -> dict[str, float]:
    """What limits give up: of all goods together, and in money (less than nothing: brings)."""
    return {"mix": float(binding["mix"].sum()), "you": -float(binding["you"].sum())}


def _cost(values: dict[str, float]) -> str:
    text = "{mix:percent} of all the good there is to be had"
    if values["you"] > 1:
        return text + ", with {you:money} of good for us"
    if values["you"] < -1:
        values["more"] = -values["you"]
        return text + ", though it brings {more:money} more of good for us"
    return text


def exploration(model: InvestmentModel, prices: pd.DataFrame) -> Sentence:
    """What a share of the hours for those who may become best costs, whom it reaches, what for."""
    explorers, limits, people = model.explorers, model.limits, model.candidates
    chance = people.get("p_top", pd.Series(0.0, people.index)).fillna(0)
    best = people["good_for_you"][people.get("top_today", explorers & False)]
    values = {
        "share": limits.explore,
        "people": int(explorers.sum()),
        "chance": limits.explore_chance,
        "hits": float(chance[explorers].sum()),
        **_lost(prices[prices["binding"] & (prices.index == "exploration")]),
    }
    if not explorers.any():
        return Sentence(
            "Nobody outside today's best has a chance of {chance:percent} or more to be among "
            "tomorrow's: there is nothing to explore.",
            values,
        )
    text = (
        "{people:plural customer} outside today's best have a chance of {chance:percent} or more "
        "to be among tomorrow's, and about {hits:.0f} of them will be"
    )
    if len(best):
        values["may"] = values["hits"] * float(best.mean())
        text += ", who would be worth {may:money} together if they came to what today's best are"
    if not limits.explore:
        return Sentence(text + ". The study reserves no hours for them.", values)
    return Sentence(
        text
        + ". Reserving {share:percent} of the hours for them costs "
        + (_cost(values) if values["mix"] > 0 else "nothing in this plan")
        + "; that exploring pays in the end is possible, not shown.",
        values,
    )


def unknown_goods(lost: list[str], chosen: Mapping[str, float]) -> list[Sentence]:
    """That a good of the balance has no data, and what was done with its weight; or nothing."""
    return [
        Sentence(
            f"The balance gives {{share:percent}} to {WORDS[good]}, and the study holds nothing on "
            "it: its weight goes to the other goods. Supply the data, or set its share to nothing.",
            {"share": chosen[good]},
        )
        for good in lost
    ]


def basis(
    assumed: pd.Series,
    now: pd.Series,
    people: pd.DataFrame,
    stated: float | None = None,
    limit: float | None = None,
) -> Sentence:
    """What the plan rests on: of whom a good was assumed, and how today's hours are known.

    `stated`: hours a month that the study names; `limit`: those that the plan has.
    """
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
    if now.name == "recorded":
        return Sentence(text + ". Hours now are those recorded over the last year.", values)
    if not stated or not limit:
        text += ". No hours are recorded: today's are taken to go with what was ordered in the last"
        return Sentence(text + " three years.", values)
    return Sentence(
        text + ". No hours are recorded, so the {stated:count} a month that the study names are "
        "shared out by what was ordered in the last three years, and everybody is put on the level "
        "whose hours come nearest. Those levels take {limit:count}, and the plan has no more: it "
        "moves hours and adds none.",
        values | {"stated": stated, "limit": limit},
    )


def levels(table: pd.DataFrame) -> Sentence:
    """Where the hours go by level."""
    change = (
        table.groupby("level")["hours"].sum() - table.groupby("level_now")["hours_now"].sum()
    ).fillna(0)
    names = table.drop_duplicates("level").set_index("level")["level_name"]
    if change.empty or change.max() <= 0:
        return Sentence("The plan uses no level of service more than today", {})
    level = change.idxmax()
    return Sentence(
        "Most of the hours that move go to {level:name}: {hours:count} a month more than now",
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
        "down",
        values,
    )


def firm(table: pd.DataFrame) -> Sentence:
    """How many of the moves are firm."""
    moved = table["level"] != table["level_now"]
    values = {"moves": int(moved.sum()), "firm": int((moved & table["firm"]).sum())}
    values["talk"] = values["moves"] - values["firm"]
    if not values["moves"]:
        return Sentence("Nobody moves: today's levels are the plan's", values)
    return Sentence(
        "{firm:count} of {moves:plural move} are firm; {talk:count} are worth a conversation first",
        values,
    )


def agenda(table: pd.DataFrame, count: int = 8) -> pd.DataFrame:
    """The largest moves with their reasons, as a table for a meeting."""
    change = table["hours"] - table["hours_now"]
    most, least = change[change > 0].nlargest(count), change[change < 0].nsmallest(count)
    shown = table.loc[[*most.index, *least.index]]
    return pd.DataFrame(
        {
            "name": marked(shown),
            "hours now": [f"{hours:g}" for hours in shown["hours_now"]],
            "planned": [f"{hours:g}" for hours in shown["hours"]],
            "holds in": shown["firmness"],
            "reason": shown["reason"],
        }
    ).reset_index(drop=True)


def marked(plan: pd.DataFrame) -> pd.Series:
    """Names, with a word beside those who are no customers yet."""
    new = plan["kind"].eq("prospect") if "kind" in plan else pd.Series(False, plan.index)
    return plan["name"].where(~new, plan["name"].astype(str) + " (a prospect)")


def limits(prices: pd.DataFrame) -> pd.DataFrame:
    """The plan's limits as a table: kept, used, binding, and what they cost."""
    least = _insisted(prices)
    mix, money = (prices[name].where(prices["binding"], 0.0) for name in ("mix", "you"))
    return pd.DataFrame(
        {
            "limit": prices.index,
            "set at": prices["limit"].to_numpy(),
            "used": prices["used"].to_numpy(),
            "holds the plan back": np.where(prices["binding"], "yes", "no"),
            "one more brings us": money.where(~least).to_numpy(),
            "keeping it gives up, of all good": mix.where(least).to_numpy(),
            "and of good for us": (-money).where(least).to_numpy(),
        }
    )


AGENDA_FORMATS = {"holds in": "percent"}
LIMIT_FORMATS = {
    "one more brings us": "money",
    "keeping it gives up, of all good": "percent",
    "and of good for us": "money",
}


def hanging(sweep: pd.DataFrame) -> Sentence:
    """How many decisions hang on the assumed response to service."""
    moved = _differs(sweep)
    values = {"hang": int(moved.sum()), "people": len(sweep), "share": moved.mean()}
    return Sentence(
        "{hang:count} of {people:count} levels ({share:percent}) change when the response to "
        "service levels off much earlier or much later than assumed; the others do not hang on "
        "it",
        values,
    )


def assumed(found: Response) -> Sentence:
    """Where the response to service comes from."""
    if not found.assumed:
        return Sentence(
            "The response is the study's own assumption, level by level. Time with a customer "
            "seldom brings as much again: the usual figure is {elasticity:.2f} percent more sales "
            f"for one percent more time, {SOURCE}.",
            {"elasticity": ELASTICITY},
        )
    return Sentence(
        f"The study states no response for {listed([WORDS[good] for good in found.assumed])}, so a "
        "default stands in its place: one percent more time brings {elasticity:.2f} percent more, "
        f"{SOURCE}. That is about sales; for the other goods it is a guess.",
        {"elasticity": ELASTICITY},
    )


def at_stake(sweep: pd.DataFrame, plan: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """Whose level hangs on what is swept, most hours at stake first, by name."""
    hours = sweep.apply(lambda level: services["hours"].reindex(level).to_numpy())
    stake = (hours.max(axis=1) - hours.min(axis=1)).where(_differs(sweep))
    order = stake.dropna().sort_values(ascending=False, kind="stable").index
    return sweep.loc[order].rename(index=plan["name"])


def _differs(sweep: pd.DataFrame) -> pd.Series:
    return sweep.ne(sweep.iloc[:, 0], axis=0).any(axis=1)


def show_rate(chapter: Chapter, plan: Plan, table: pd.DataFrame) -> None:
    """Which levels hang on what good for others is worth, where the firm gives a rate."""
    if chapter.study.rate_for_others is None:
        return
    sweep = plan.sweep_rate(MULTIPLES)
    shown = at_stake(sweep, table, plan.model.services)
    chapter.claim(hanging_on_rate(sweep, len(shown)))
    if len(shown):
        heads = ["none", *(f"{m:g} ×" if m != 1 else "the firm's" for m in MULTIPLES[1:])]
        ax = figures.plot_sweep(shown.set_axis(heads, axis=1), plan.model.services["name"])
        chapter.figure(ax, "The level of each whose level hangs on the rate, by rate.")


def hanging_on_rate(sweep: pd.DataFrame, hang: int) -> Sentence:
    """How many levels hang on the rate for the good of others."""
    values = {"hang": hang, "people": len(sweep), "low": MULTIPLES[0], "high": MULTIPLES[-1]}
    if not hang:
        return Sentence("No level hangs on what good for others is worth", values)
    return Sentence(
        "{hang:count} of {people:count} levels hang on what good for others is worth, from nothing "
        "to {high:g} times the firm's rate",
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
    parts = model.parts(model.balance)
    change = np.column_stack([part[rows, then] - part[rows, now] for part in parts.values()])
    main = np.array(list(parts))[np.abs(change).argmax(axis=1)]
    share = np.abs(change).max(axis=1) / np.maximum(np.abs(change).sum(axis=1), 1e-300)
    explorer, people = model.explorers, model.candidates
    strained = people.get("strained", pd.Series(0.0, people.index)).fillna(0).ge(0.5).to_numpy()
    owner = people.get("owner", pd.Series(None, people.index, dtype=object))
    chance = people.get("p_top", pd.Series(0.0, people.index)).fillna(0).to_numpy(float)
    sent = mostly_through_others(people).to_numpy()
    said = []
    for i, (before, after) in enumerate(zip(now, then, strict=True)):
        words = []
        if after == before:
            words.append("Stays: no other level would bring more for its hours")
        elif after > before:
            what = WORDS[main[i]]
            if main[i] == "you" and sent[i]:
                what = (
                    "what comes through those whom they send; that time with them keeps it is "
                    "assumed, so talk first"
                )
            words.append(f"More: {percent(share[i])} of what it adds is {what}")
        else:
            words.append(
                f"Less: its hours bring more elsewhere; what goes is mostly {WORDS[main[i]]}"
            )
        if explorer[i]:
            likely = f"{percent(chance[i])} chance to be among tomorrow's best"
            words.append(likely if after >= before else f"yet {likely}: talk before hours are cut")
        if strained[i]:
            known = isinstance(owner.iloc[i], str)
            first = f"{owner.iloc[i]} to speak with them" if known else "name an owner"
            words.append(f"the relationship is strained: {first} first")
        said.append("; ".join(words) + ".")
    return pd.Series(said, plan.index, name="reason")
