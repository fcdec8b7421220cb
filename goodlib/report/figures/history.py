"""Figures of the customer-base audit: concentration, frequency, two periods, cohorts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from goodlib.report.figures import style
from goodlib.report.words import money

CHANGES = {
    "before": "period\nbefore",
    "lost": "bought\nno more",
    "less": "bought\nless",
    "more": "bought\nmore",
    "back": "came\nback",
    "new": "first\norder",
    "now": "last\nperiod",
}


def plot_concentration(curve: pd.DataFrame, *, share: float, ax: Axes | None = None) -> Axes:
    """The share of the revenue that the best customers bring; the best `share` is marked.

    `curve`: `customer_share`, `amount_share`, best first (`audit.concentration`).
    """
    ax = style.axes(ax)
    x = np.r_[0, curve["customer_share"]]
    y = np.r_[0, curve["amount_share"]]
    ax.fill_between(x, y, color=style.SKY, alpha=0.3)
    ax.plot(x, y, color=style.BLUE)
    ax.plot([0, 1], [0, 1], color=style.GRAY, lw=1.2, ls=(0, (4, 3)))
    ax.annotate(
        "if all brought the same", (0.72, 0.72), (0.74, 0.66), fontsize=9, color=style.MUTED
    )
    for mark in sorted({share, 0.2, 0.5}):
        rank = max(1, int(np.ceil(mark * len(curve) - 1e-9)))
        at = (rank / len(curve), curve["amount_share"].iloc[rank - 1])
        ax.plot(*at, "o", color=style.BLUE, ms=7)
        text = f"best {mark:.0%}: {at[1]:.0%}"
        ax.annotate(text, at, (at[0] + 0.025, at[1] - 0.02), va="top", color=style.INK)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.02)
    ax.set_xlabel("share of the customers who bought, best first")
    ax.set_ylabel("share of the revenue they bring")
    for which in ("x", "y"):
        style.percent_axis(ax, which)
    return ax


def plot_frequency(bins: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Shares of customers and of revenue by the number of purchases (`audit.by_frequency`)."""
    ax = style.axes(ax, height=3.6)
    place = np.arange(len(bins))
    for column, color, shift, label in (
        ("customer_share", style.GRAY, -0.2, "share of the customers"),
        ("amount_share", style.BLUE, 0.2, "share of the revenue"),
    ):
        bars = ax.bar(place + shift, bins[column].fillna(0), width=0.38, color=color, label=label)
        ax.bar_label(
            bars,
            ["<1%" if 0 < v < 0.005 else f"{v:.0%}" for v in bins[column]],
            fontsize=9,
            color=style.MUTED,
            padding=2,
        )
    ax.set_xticks(place, bins["purchases"])
    ax.set_xlabel("purchases in the period (days with an order)")
    ax.set_ylabel("share")
    ax.margins(y=0.12)
    ax.grid(visible=False, axis="x")
    ax.legend(loc="upper center", ncols=2, bbox_to_anchor=(0.5, 1.14))
    style.percent_axis(ax)
    return ax


def plot_bridge(steps: pd.DataFrame, *, currency: str, ax: Axes | None = None) -> Axes:
    """How the revenue of one period became that of the next, step by step (`audit.bridge`)."""
    ax = style.axes(ax, height=4.2)
    amounts = steps["amount"].to_numpy()
    total = steps.index.isin(["before", "now"])
    start = np.where(total, 0.0, np.r_[0, np.cumsum(amounts[:-1])])
    top = np.maximum(start, start + amounts)
    colors = np.where(total, style.BLUE, np.where(amounts >= 0, style.TEAL, style.ORANGE))
    ax.bar(range(len(steps)), amounts, bottom=start, width=0.62, color=colors)
    for place, (amount, height) in enumerate(zip(amounts, top, strict=True)):
        sign = "+" if amount > 0 and not total[place] else ""
        text = sign + (money(amount, currency) if amount else "0")
        near = {"textcoords": "offset points", "ha": "center", "fontsize": 9}
        ax.annotate(text, (place, height), (0, 4), **near)
    names = [f"{CHANGES[name]}\n({n:,})" for name, n in steps["customers"].items()]
    ax.set_xticks(range(len(steps)), names)
    ax.set_xlabel("what became of customers (and how many)")
    ax.set_ylabel("revenue")
    ax.set_ylim(min(0, (start + amounts).min()), max(1.12 * top.max(), 1e-9))
    ax.grid(visible=False, axis="x")
    style.money_axis(ax, currency)
    return ax


def plot_retention(cohorts: pd.DataFrame, *, unit: str, ax: Axes | None = None) -> Axes:
    """The share of each cohort (rows) who bought in each span after their first (columns)."""
    shares = cohorts[cohorts["age"] > 0].pivot_table(
        index="cohort", columns="age", values="active_share"
    )
    people = cohorts.drop_duplicates("cohort").set_index("cohort")
    ax = style.axes(ax, height=0.36 * len(shares) + 1.6)
    values = shares.to_numpy()
    top = max(float(np.nanmax(values)), 0.01)
    drawn = ax.pcolormesh(values, cmap=style.SEQUENTIAL, vmin=0, vmax=top, edgecolor="w", lw=1.5)
    if values.shape[1] <= 17:
        for (row, column), share in np.ndenumerate(values):
            if np.isfinite(share):
                dark = np.dot(style.SEQUENTIAL(share / top)[:3], (0.3, 0.59, 0.11)) < 0.53
                color = style.PAPER if dark else style.INK
                size = 9 if values.shape[1] <= 12 else 7.5
                text = f"{share:.0%}"
                place = (column + 0.5, row + 0.5)
                ax.text(*place, text, ha="center", va="center", fontsize=size, color=color)
    else:
        bar = ax.figure.colorbar(drawn, ax=ax, pad=0.02)
        bar.outline.set_visible(False)
        style.percent_axis(bar.ax)
    labels = [f"{people['label'][c]}  (n = {people['customers'][c]:,})" for c in shares.index]
    ax.set_yticks(np.arange(len(labels)) + 0.5, labels)
    ax.set_xticks(np.arange(values.shape[1]) + 0.5, shares.columns)
    ax.set_xlabel(
        f"{unit} after the one of the first order"
        if unit != "five years"
        else "spans of five years after that of the first order"
    )
    ax.invert_yaxis()
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    return ax


def plot_cohorts(
    cohorts: pd.DataFrame, *, currency: str, unit: str, ax: Axes | None = None
) -> Axes:
    """Revenue of each span of time, stacked by the cohort it comes from, oldest at the bottom."""
    ax = style.axes(ax)
    amounts = cohorts.pivot_table(index="span", columns="cohort", values="amount", aggfunc="sum")
    amounts = amounts.fillna(0.0)
    place = np.arange(len(amounts))
    count = amounts.shape[1]
    shades = style.SEQUENTIAL(np.linspace(1, 0.15, count)) if count > 1 else [style.BLUE]
    labels = cohorts.drop_duplicates("cohort").set_index("cohort")["label"]
    floor = np.zeros(len(amounts))
    for (cohort, values), color in zip(amounts.items(), shades, strict=True):
        named = count <= 6 or cohort in (amounts.columns[0], amounts.columns[-1])
        label = labels[cohort] if named else None
        ax.bar(
            place,
            values,
            bottom=floor,
            width=0.85,
            color=color,
            label=label,
            edgecolor=style.PAPER,
            linewidth=0.4,
        )
        floor = floor + values.to_numpy()
    long = unit in ("year", "five years", "decade")
    step = int(np.ceil(len(place) / (9 if long else 6)))
    dated = [f"{span:%Y}" if long else f"{span:%b %Y}" for span in amounts.index]
    ax.set_xticks(place[::step], dated[::step])
    ax.set_xlabel(unit if unit in ("year", "month") else f"start of the {unit}")
    ax.set_ylabel(f"revenue of the {unit}")
    ax.grid(visible=False, axis="x")
    ax.legend(
        title="customers who\ncame in",
        loc="center left",
        bbox_to_anchor=(1, 0.5),
        reverse=True,
        alignment="left",
    )
    style.money_axis(ax, currency)
    return ax
