"""Sentences on those who bring others, in the chapter on lifetime value."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from goodlib.report.chapter import Chapter
from goodlib.report.words import Sentence
from goodlib.value.lifetime import margins
from goodlib.value.referral import (
    Referrals,
    expected_of_friends,
    expected_referrals,
    fit_rate,
    read_referrals,
    referral_value,
)


class Brought(NamedTuple):
    """What came through others."""

    read: Referrals
    table: pd.DataFrame
    """One row a customer or referrer: `referral_value` of the residual values, and referrals to
    come within a year."""
    year: pd.DataFrame
    """The same of the margin of the last year."""
    names: pd.Series
    """Names by id."""


def sent(chapter: Chapter, summary: pd.DataFrame) -> pd.DataFrame:
    """The summary's rows of those whom somebody sent."""
    return summary[summary.index.isin(chapter.load("referrals")["referred_id"])]


def brought(
    chapter: Chapter, values: pd.Series, drawn: pd.DataFrame | None, draws: int, seed: int
) -> Brought:
    """What each customer is worth through others: of the residual values, and of the last year.

    What a referral saves is the study's `referral_saving`, what it costs the column `cost`; where
    they are not given, nothing is assumed.
    """
    orders, end = chapter.load("orders"), pd.Timestamp(chapter.study.as_of)
    first = orders.groupby("customer_id")["date"].min()
    names = _names(chapter)
    known = set(names.index) | set(orders["customer_id"])
    read = read_referrals(chapter.load("referrals"), first, known)
    saving = chapter.study.referral_saving
    plain = {"saving": saving, "cost": 0.0, "draws": draws, "seed": seed}
    table = referral_value(read, values.dropna(), drawn, **plain)
    share = margins(orders, chapter.study.margin)
    recent = orders[orders["date"] > end - pd.DateOffset(years=1)]
    earned = recent["amount"] * recent["customer_id"].map(share)
    if "cost" in recent:
        earned = (recent["amount"] - recent["cost"]).fillna(earned)
    year = referral_value(read, earned.groupby(recent["customer_id"]).sum(), **plain)
    return Brought(read, table.join(_to_come(read, table["n_referred"], first, end)), year, names)


def _to_come(read: Referrals, sent: pd.Series, first: pd.Series, end: pd.Timestamp) -> pd.DataFrame:
    """Referrals to come within a year, of customers and of friends who sent somebody already."""
    exposure = ((end - first).dt.days / 365.25).clip(lower=1 / 12)
    counts = sent.reindex(first.index, fill_value=0)
    if counts.sum() == 0:
        return pd.DataFrame(index=sent.index)
    law = fit_rate(counts, exposure)
    clients = expected_referrals(law, counts, exposure, horizon=1.0)
    began = read.kept.groupby("referrer_id")["date"].min()
    began = began[~began.index.isin(first.index)]
    shortest = ((end - began).dt.days / 365.25).clip(lower=1 / 12)
    longest = shortest.clip(lower=float(exposure.max()))
    friends = expected_of_friends(law, sent[began.index], shortest, longest, horizon=1.0)
    return pd.concat([clients, friends])


def _names(chapter: Chapter) -> pd.Series:
    """Names of customers and prospects by id."""
    found = []
    for table, key in (("customers", "customer_id"), ("prospects", "prospect_id")):
        if chapter.has(table) and "name" in (frame := chapter.load(table)):
            found.append(frame.drop_duplicates(key).set_index(key)["name"])
    return pd.concat(found) if found else pd.Series(dtype=str)


def share_sent(result: Brought) -> Sentence:
    """How much of the value came through others."""
    table, read = result.table, result.read
    values = {
        "sent": len(read.kept),
        "by": read.kept["referrer_id"].nunique(),
        "share": table["attributed"].sum() / table["own"].sum(),
        "value": table["attributed"].sum(),
    }
    return Sentence(
        "{by:count} people sent {sent:count} others; {share:percent} of all residual value, "
        "{value:money}, would not be here without them",
        values,
    )


def never_paid(result: Brought, orders: pd.DataFrame) -> Sentence:
    """What those brought who never paid: the sentence a partner remembers."""
    year = result.year
    never = year[~year.index.isin(orders["customer_id"]) & (year["attributed"] > 0)]
    best = never.nlargest(3, "attributed")
    total = year["own"].sum()
    if best.empty or total <= 0:
        return Sentence("All who sent somebody had bought themselves.", {})
    names = [result.names.get(who, who) for who in best.index]
    said = "; ".join(names)
    words = {1: "One person who never paid us", 2: "Two people who never paid us"}
    values = {
        "people": len(best),
        "share": best["attributed"].sum() / total,
        "value": best["attributed"].sum(),
        "names": said,
    }
    start = words.get(len(best), "Three people who never paid us")
    return Sentence(
        f"{start} brought {{share:percent}} of this year's margin, {{value:money}}: "
        "{names:name}.",
        values,
    )


def left_out(result: Brought) -> Sentence:
    """Which referrals do not count, and that the rest adds up."""
    table, ignored = result.table, result.read.ignored
    values = {
        "own": table["own"].sum(),
        "net": (table["total"] - table["credited"] - table["saved"]).sum(),
        "ignored": len(ignored),
        "anyway": 1 - table["attributed"].sum() / _full(result),
    }
    text = (
        "Value through others is not added to the firm's: it is credited to one and taken from "
        "another, and own plus attributed less credited is {net:money}, which is what all residual "
        "values sum to ({own:money}). {anyway:percent} of the value sent is not credited at all, "
        "for it would have come anyway."
    )
    if len(ignored):
        each = ignored.groupby("rule", sort=False)
        values["rules"] = "; ".join(
            f"{rule} ({len(rows):,}, first {rows['referrer_id'].iloc[0]} to "
            f"{rows['referred_id'].iloc[0]})"
            for rule, rows in each
        )
        text += " {ignored:plural referral} did not count: {rules:name}."
    return Sentence(text, values)


def _full(result: Brought) -> float:
    """Residual value of all who were sent."""
    sent = result.table["own"].reindex(result.read.kept["referred_id"]).fillna(0.0).sum()
    return float(sent) if sent > 0 else float("nan")


def branches(result: Brought, count: int = 8) -> pd.DataFrame:
    """The people who brought most and each person they sent, for the figure of branches."""
    table, kept = result.table, result.read.kept
    best = table[table["attributed"] > 0].nlargest(count, "attributed").index
    part = kept[kept["referrer_id"].isin(best)]
    credited = table["credited"].reindex(part["referred_id"]).fillna(0.0).to_numpy()

    def name(ids: pd.Series) -> list[str]:
        return [str(result.names.get(one, one)) for one in ids]

    frame = pd.DataFrame(
        {
            "referrer": name(part["referrer_id"]),
            "referred": name(part["referred_id"]),
            "own": table["own"].reindex(part["referrer_id"]).to_numpy(),
            "attributed": credited,
            "rank": [list(best).index(who) for who in part["referrer_id"]],
        }
    )
    frame = frame[frame["attributed"] > 0]
    return frame.sort_values(["rank", "attributed"], ascending=[True, False], ignore_index=True)


def largest(result: Brought, count: int = 10) -> pd.DataFrame:
    """Those worth most by own and attributed value, with what each is made of."""
    table = result.table.nlargest(count, "total")
    names = [str(result.names.get(one, one)) for one in table.index]
    columns = ["own", "attributed", "attributed_lower_80", "attributed_upper_80", "total"]
    columns += [name for name in ("n_referred", "expected_referrals") if name in table]
    return table[columns].reset_index(drop=True).assign(name=names)[["name", *columns]]
