"""Figures of the chapter on lifetime value."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from goodlib.report.figures import style

SILENCES = (("days", 1.0, 28), ("weeks", 7.0, 182), ("months", 30.4375, 1461), ("years", 365.25, 0))
"""Units of a silence: their days, and the days up to which an axis is written in them."""


def plot_tracking(
    periods: pd.DataFrame, word: str, *, cumulative: bool = False, ax: Axes | None = None
) -> Axes:
    """Repeat purchases a period as they came and as expected, with the band of the holdout.

    `periods`: as `Tracking.periods`; `word`: the period's name.
    """
    ax = style.axes(ax, height=3.4)
    prefix = "cumulative_" if cumulative else ""
    held = periods["holdout"].to_numpy()
    line = {"color": style.BLUE, "linewidth": 1.8}
    ax.plot(periods["end"], periods[f"{prefix}actual"], color=style.INK, lw=1.4, label="came")
    for part, label in ((~held, "expected"), (held, None)):
        rows = periods[part]
        ax.plot(rows["end"], rows[f"{prefix}expected"], label=label, **line)
    rows = periods[held]
    band = (rows[f"{prefix}lower_80"], rows[f"{prefix}upper_80"])
    ax.fill_between(
        rows["end"], *band, color=style.SKY, alpha=0.55, lw=0, label="80 of 100 futures"
    )
    if held.any() and not held.all():
        cut = periods.loc[~held, "end"].max()
        ax.axvline(cut, color=style.MUTED, lw=0.9, ls=(0, (3, 3)))
        text = {"fontsize": 9, "color": style.MUTED, "va": "bottom"}
        at = (cut, 1.01)
        ax.annotate("learned ", at, xycoords=("data", "axes fraction"), ha="right", **text)
        ax.annotate(" forecast", at, xycoords=("data", "axes fraction"), ha="left", **text)
    ax.set_ylabel("repeat purchases in all" if cumulative else f"repeat purchases a {word}")
    ax.set_ylim(bottom=0)
    style.count_axis(ax)
    style.date_axis(ax)
    ax.legend(loc="upper left" if cumulative else "best")
    return ax


def plot_groups(groups: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Holdout purchases a customer by how often they had bought: came, expected, band.

    `groups`: as `Tracking.groups`.
    """
    ax = style.axes(ax, height=3.8)
    at = np.arange(len(groups))
    ax.vlines(at, groups["lower_80"], groups["upper_80"], color=style.SKY, lw=9)
    ax.plot(at, groups["expected"], "o", color=style.BLUE, ms=7, label="expected")
    ax.plot(at, groups["actual"], "D", color=style.INK, ms=6, label="came")
    labels = [
        f"{name}\n({size:,})" for name, size in zip(groups.index, groups["customers"], strict=True)
    ]
    ax.set_xticks(at, labels)
    ax.set_xlabel("repeat purchases before (customers)")
    ax.set_ylabel("purchases a customer since")
    ax.set_ylim(bottom=0)
    ax.grid(visible=False, axis="x")
    ax.legend(loc="upper left")
    return ax


def plot_alive(
    grid: pd.DataFrame, customers: pd.DataFrame, unit_days: float, *, ax: Axes | None = None
) -> Axes:
    """Chance that a customer is still one, over time since the last purchase and frequency.

    `grid`: chances, one row a frequency, one column a time since the last purchase; `customers`:
    `idle` and `frequency`, drawn as points. Times in units of `unit_days`; the axis has weeks,
    months or years.
    """
    ax = style.axes(ax, height=4.4)
    reach = float(grid.columns[-1]) * unit_days
    word, length, _ = next(u for u in SILENCES if reach <= u[2] or u is SILENCES[-1])
    idle, often = grid.columns.to_numpy(float) * unit_days / length, grid.index.to_numpy(float)
    look = {"cmap": style.SEQUENTIAL, "vmin": 0, "vmax": 1, "shading": "nearest"}
    drawn = ax.pcolormesh(idle, often, grid, **look)
    points = customers.assign(idle=customers["idle"] * unit_days / length)
    inside = points[(points["idle"] <= idle[-1]) & (points["frequency"] <= often[-1])]
    shown = inside.sample(min(len(inside), 1500), random_state=0)
    jitter = np.random.default_rng(0).uniform(-0.25, 0.25, len(shown))
    ax.plot(
        shown["idle"],
        shown["frequency"] + jitter,
        "o",
        ms=3,
        color=style.ORANGE,
        alpha=0.75,
        mec=style.PAPER,
        mew=0.3,
    )
    if often[-1] > 40:  # else most customers lie in a strip along the floor
        ax.set_yscale("log")
        ax.set_yticks([n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if n <= often[-1]])
        ax.minorticks_off()
    if grid.to_numpy().min() > 0.95:
        drawn.set_alpha(0.15)
        at = {"xycoords": "axes fraction", "ha": "center", "va": "center"}
        said = "no silence here says that a customer has left"
        ax.annotate(said, (0.6, 0.7), fontsize=11, path_effects=[style.HALO], **at)
    if grid.to_numpy().min() < 0.5 < grid.to_numpy().max():
        lines = ax.contour(idle, often, grid, [0.5], colors=style.INK, linewidths=1.3)
        ax.clabel(lines, fmt=lambda _: "50%", fontsize=9)
    bar = ax.figure.colorbar(drawn, ax=ax, pad=0.02)
    bar.outline.set_visible(False)
    bar.set_label("chance still a customer")
    style.percent_axis(bar.ax)
    ax.set_xlabel(f"{word} since the last purchase")
    ax.set_ylabel("repeat purchases")
    ax.set_xlim(0, idle[-1])
    ax.grid(visible=False)
    style.count_axis(ax)
    return ax


def plot_whale(curve: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Cumulative share of the value, most valuable customers first.

    `curve`: `customers_share` and `value_share`, both ending at one.
    """
    ax = style.axes(ax, height=3.8)
    x = np.concatenate([[0.0], curve["customers_share"]])
    y = np.concatenate([[0.0], curve["value_share"]])
    ax.fill_between(x, y, color=style.SKY, alpha=0.35, lw=0)
    ax.plot(x, y, color=style.BLUE)
    ax.plot([0, 1], [0, 1], color=style.MUTED, lw=1, ls=(0, (4, 3)))
    note = {"textcoords": "offset points", "path_effects": [style.HALO]}
    ax.annotate(
        "if all were worth the same",
        (0.6, 0.6),
        xytext=(8, -12),
        fontsize=9,
        color=style.MUTED,
        **note,
    )
    for share in (0.1, 0.2, 0.5):
        held = float(np.interp(share, x, y))
        ax.plot([share], [held], "o", ms=6, color=style.BLUE)
        ax.annotate(
            f"best {share:.0%} hold {held:.0%}", (share, held), xytext=(9, -13), fontsize=10, **note
        )
    ax.set_xlim(0, 1)
    ax.set_ylim(min(0.0, y.min()), max(1.05, 1.04 * y.max()))
    ax.set_xlabel("share of the customers, most valuable first")
    ax.set_ylabel("share of the value to come")
    style.percent_axis(ax, "x")
    style.percent_axis(ax)
    return ax


def plot_top(top: pd.DataFrame, currency: str, *, ax: Axes | None = None) -> Axes:
    """Value still to come of single customers, with the range of 80 of 100 futures.

    `top`: `name`, `residual_value` and its bounds, best first.
    """
    ax = style.axes(ax, height=0.29 * len(top) + 1.2)
    at = np.arange(len(top))[::-1]
    lower, upper = top["residual_value_lower_80"], top["residual_value_upper_80"]
    ax.hlines(at, lower, upper, color=style.SKY, lw=5)
    ax.plot(top["residual_value"], at, "o", color=style.BLUE, ms=7)
    ax.set_yticks(at, [style.shorten(name, 36) for name in top["name"]])
    ax.set_ylim(-0.7, len(top) - 0.3)
    ax.set_xlim(left=min(0, lower.min() * 1.05))
    ax.set_xlabel("value still to come: mean, and the range of 80 of 100 futures")
    ax.grid(visible=False, axis="y")
    style.money_axis(ax, currency, "x")
    return ax
