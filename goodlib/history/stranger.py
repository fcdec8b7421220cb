"""People of one table whom another should know: unknown ids, and prospects who are customers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import pandas as pd

from goodlib.history.reading import Problem


def judge(tables: dict[str, pd.DataFrame], as_of: date) -> Iterator[Problem]:
    """What prospects and referrals say of people that other tables do not; all rows are kept."""
    buyers = set(tables["orders"]["customer_id"].unique())
    if "prospects" in tables and not tables["prospects"].empty:
        frame = tables["prospects"]
        if "outcome_date" in frame:
            later = frame["outcome_date"] > pd.Timestamp(as_of)
            shown = frame["prospect_id"] + " " + frame["outcome_date"].dt.strftime("%Y-%m-%d")
            said = f"kept, as open on {as_of}"
            yield from _said("prospects", "ended after the as-of date", later, shown, said)
        yield from _prospects(frame, tables.get("customers"), buyers)
    if "referrals" in tables:
        frame, known = tables["referrals"], set(buyers)
        for name, key in (("customers", "customer_id"), ("prospects", "prospect_id")):
            known |= set(tables[name][key]) if name in tables else set()
        strange = ~frame[["referrer_id", "referred_id"]].isin(known).all(axis=1)
        said = "kept, and not counted in chapter 2; add them to customers"
        shown = frame["referrer_id"] + " sent " + frame["referred_id"]
        yield from _said("referrals", "names somebody unknown", strange, shown, said)


def _prospects(
    frame: pd.DataFrame, customers: pd.DataFrame | None, buyers: set[str]
) -> Iterator[Problem]:
    nothing = pd.Series(None, index=frame.index, dtype=object)
    who, outcome = frame.get("customer_id", nothing), frame.get("outcome", nothing)
    is_open, own = outcome.isna(), frame["prospect_id"].isin(buyers)
    unknown = who.notna() & ~who.isin(buyers)
    shown = frame["prospect_id"] + " " + who.fillna("")
    said = "kept, as somebody new; is customer_id that of orders?"
    yield from _said("prospects", "customer never ordered", unknown, shown, said)
    known = is_open & (who.isin(buyers) | (who.isna() & own))
    said = "kept; its value is part of that customer's"
    yield from _said("prospects", "open, and a customer already", known, shown, said)
    if "name" in frame:
        plain = frame["name"].str.strip().str.casefold()
        open_new = is_open & ~known & plain.notna()
        if customers is not None and "name" in customers:
            bought = customers[customers["customer_id"].isin(buyers)]
            called = plain.isin(set(bought["name"].str.strip().str.casefold()))
            said = "kept, as somebody new; if it is the same, give its customer_id"
            same = open_new & called
            yield from _said("prospects", "open, with the name of a customer", same, shown, said)
        again = open_new & plain.where(open_new).duplicated()
        said = "kept, and counted twice; keep one row each"
        yield from _said("prospects", "open, and named like another", again, shown, said)
    if not (outcome == "won").any():
        nobody = np.ones(len(frame), dtype=bool)
        said = "no chance can be told; add past prospects that became customers"
        yield from _said("prospects", "no prospect was won", nobody, shown, said)


def _said(
    table: str, rule: str, bad: pd.Series | np.ndarray, shown: pd.Series, consequence: str
) -> Iterator[Problem]:
    rows = np.flatnonzero(bad)
    if rows.size:
        first = f"row {rows[0] + 1}: {shown.iloc[rows[0]]}".strip()
        yield (table, rule, len(rows), first, consequence)
