"""Figures of prospects and referrals: the funnel, open prospects, and what came through others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from goodlib.report.figures import style

SLIM = 0.005  # chance below which an old prospect need not be drawn


def plot_curve(curve: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Share of all prospects won by each day after first contact: the model's, and as counted.

    `curve`: one row a day, `day`, `won`, `lower`, `upper`, `kaplan_meier`.
    """
    ax = style.axes(ax, height=3.6)
    if curve.empty:
        return style.nothing(ax, "no prospect was won yet: nothing to draw")
    months = curve["day"] / 30.4375
    ax.fill_between(months, curve["lower"], curve["upper"], color=style.SKY, alpha=0.45, lw=0)
    ax.plot(months, curve["won"], color=style.BLUE, label="model")
    ax.step(months, curve["kaplan_meier"], color=style.ORANGE, where="post", label="as counted")
    ax.set_xlabel("months since first contact")
    ax.set_ylabel("share of prospects won")
    ax.set_ylim(0, min(1.0, 1.25 * max(curve["upper"].max(), curve["kaplan_meier"].max())))
    ax.set_xlim(0, months.max())
    style.percent_axis(ax)
    ax.legend(loc="lower right")
    return ax


def plot_open(
    people: pd.DataFrame,
    stages: Sequence[str] = (),
    *,
    names: int = 6,
    ax: Axes | None = None,
) -> Axes:
    """Every open prospect: how long it has been open, its chance, and its stage.

    `people`: one row an open prospect, `age` (days), `p_won`, `stage`, `name`, `expected_value`.
    `stages`: in their order; those it does not name come after.
    """
    ax = style.axes(ax)
    shown = people.dropna(subset=["age", "p_won"])
    if shown.empty:
        return style.nothing(
            ax, "no open prospect with a first contact and a chance: nothing to draw"
        )
    there = dict.fromkeys(shown["stage"].fillna("unknown"))
    stages = [name for name in dict.fromkeys([*stages, *there]) if name in there][:6]
    many = len(shown) > 150
    for color, stage in zip(style.CYCLE, stages, strict=False):
        part = shown[shown["stage"].fillna("unknown") == stage]
        label = f"{style.shorten(stage, 20)} ({len(part):,})"
        size, clear = (14, 0.45) if many else (46, 0.9)
        ax.scatter(part["age"] / 30.4375, part["p_won"], s=size, alpha=clear, c=color, label=label)
    ax.set_xlabel("months since first contact")
    ax.set_ylabel("chance to be won within the year")
    top = shown["p_won"].max() if len(shown) else 1.0
    ax.set_ylim(-0.03, min(1.05, 1.2 * top + 0.02))
    far = _far(shown) / 30.4375
    ax.set_xlim(-0.02 * far, 1.05 * far)
    beyond = shown[shown["age"] / 30.4375 > 1.05 * far]
    if len(beyond):
        said = f"{len(beyond):,} older ones are not shown: less than {SLIM:.1%} each"
        ax.set_xlabel(f"months since first contact ({said})")
    style.percent_axis(ax)
    ax.legend(loc="upper right", title="stage (open prospects)", title_fontsize=10)
    best = shown.nlargest(0 if many else names, "expected_value")
    labels = [style.shorten(name, 26) for name in best["name"]]
    style.label_points(ax, best["age"] / 30.4375, best["p_won"], labels)
    return ax


def _far(people: pd.DataFrame) -> float:
    """Days up to which open prospects are drawn: a fifth further than chances reach."""
    longest = float(people["age"].max())
    alive = people.loc[people["p_won"] >= SLIM, "age"]
    return min(longest, 1.2 * float(alive.max())) if len(alive) else longest


def plot_kept(groups: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Chances said at days in the past against the share that was won.

    `groups`: one row a group of prospects, `p_won`, `won`, `lower`, `upper`, `n`.
    """
    ax = style.axes(ax, width=5.4, height=4.2)
    if groups.empty:
        return style.nothing(ax, "too few prospects were won a year ago: nothing to draw")
    top = min(1.0, 1.1 * max(groups["p_won"].max(), groups["upper"].max()))
    ax.plot([0, top], [0, top], color=style.GRAY, ls=":", lw=1.5)
    reach = np.abs(groups[["lower", "upper"]].to_numpy().T - groups["won"].to_numpy())
    ax.errorbar(groups["p_won"], groups["won"], reach, fmt="o", color=style.BLUE, ms=7, lw=1.6)
    clear = groups["p_won"].diff(-1).abs().fillna(top) > 0.06 * top  # the next one is not as near
    for _, part in groups.groupby(clear[::-1].cumsum()[::-1], sort=False):
        row, many = part.iloc[-1], f"{len(part)} × " if len(part) > 1 else ""
        ax.annotate(
            f"{many}{part['n'].max():,}",
            (row["p_won"], row["won"]),
            xytext=(8, 6),
            textcoords="offset points",
            fontsize=9,
            color=style.MUTED,
        )
    ax.set_xlabel("chance said to be won within the year")
    ax.set_ylabel("share that was won")
    ax.set_xlim(-0.03 * top, top)
    ax.set_ylim(-0.03 * top, top)
    style.percent_axis(ax)
    style.percent_axis(ax, "x")
    return ax


def plot_best(people: pd.DataFrame, currency: str, *, ax: Axes | None = None) -> Axes:
    """Customers and prospects in one list by what they are expected to bring.

    `people`: one row a person, best first, `name`, `place`, `kind` (customer or prospect),
    `expected_value`, `lower`, `upper`.
    """
    ax = style.axes(ax, height=0.29 * len(people) + 1.3)
    rows = np.arange(len(people))[::-1]
    for kind, color in (("customer", style.BLUE), ("prospect", style.ORANGE)):
        part = (people["kind"] == kind).to_numpy()
        if not part.any():
            continue
        mine = people[part]
        ax.hlines(rows[part], mine["lower"], mine["upper"], color=color, lw=3, alpha=0.35)
        ax.plot(mine["expected_value"], rows[part], "o", color=color, ms=7, label=kind)
    places = zip(people["place"], people["name"], strict=True)
    ax.set_yticks(rows, [f"{place:,}  {style.shorten(name, 30)}" for place, name in places])
    ax.set_xlabel("expected value, with the range of eight chances in ten")
    ax.set_ylim(-0.7, len(people) - 0.3)
    ax.set_xlim(left=min(0, people["lower"].min()))
    ax.grid(visible=False, axis="y")
    style.money_axis(ax, currency, "x")
    ax.legend(loc="lower right")
    return ax


def plot_branches(branches: pd.DataFrame, currency: str, *, ax: Axes | None = None) -> Axes:
    """Own value of the people who brought most, and the value of each person they sent.

    `branches`: one row a person sent, `referrer` (name), `referred` (name), `own` (the referrer's),
    `attributed`; referrers in order.
    """
    if branches.empty:
        return style.nothing(
            style.axes(ax), "nobody who was sent has a value to come: nothing to draw"
        )
    referrers = list(dict.fromkeys(branches["referrer"]))
    ax = style.axes(ax, height=0.52 * len(referrers) + 1.4)
    rows = dict(zip(referrers, np.arange(len(referrers))[::-1], strict=True))
    longest = branches.groupby("referrer")["attributed"].sum() + branches.groupby("referrer")[
        "own"
    ].first().clip(lower=0)
    for referrer, part in branches.groupby("referrer", sort=False):
        left = max(float(part["own"].iloc[0]), 0.0)
        ax.barh(rows[referrer], left, height=0.62, color=style.GRAY)
        for n, row in enumerate(part.itertuples()):
            color = style.BLUE if n % 2 == 0 else "#4a83ba"
            ax.barh(rows[referrer], row.attributed, left=left, height=0.62, color=color)
            if row.attributed > 0.12 * longest.max():
                room = int(62 * row.attributed / longest.max())
                ax.text(
                    left + row.attributed / 2,
                    rows[referrer],
                    style.shorten(row.referred, max(room, 6)),
                    ha="center",
                    va="center",
                    fontsize=8.5,
                    color=style.PAPER,
                )
            left += row.attributed
    ax.set_yticks(list(rows.values()), [style.shorten(name, 28) for name in rows])
    ax.set_xlabel("own value (gray) and value of those they sent (blue)")
    ax.grid(visible=False, axis="y")
    ax.set_xlim(0, 1.04 * longest.max())
    style.money_axis(ax, currency, "x")
    return ax
