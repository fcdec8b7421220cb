"""Figures of the chapter on who will be the best customers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from goodlib.report.figures import style

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def plot_methods(
    table: pd.DataFrame, labels: pd.Series, *, share: float, ax: Axes | None = None
) -> Axes:
    """Hit rate of every method: a dot an origin, a bar for the mean, best on top.

    `table`: one row a method and origin, `method`, `hit_rate`; `labels`: method to words.
    """
    means = table.groupby("method")["hit_rate"].mean().sort_values(kind="stable")
    if means.isna().any():
        return style.nothing(style.axes(ax, height=1.2), "nobody bought: nothing to draw")
    ax = style.axes(ax, height=0.36 * len(means) + 1.3)
    rows = dict(zip(means.index, range(len(means)), strict=True))
    chosen = [style.BLUE if name == "combination" else style.SKY for name in means.index]
    ax.barh(range(len(means)), means, height=0.62, color=chosen)
    ax.scatter(
        table["hit_rate"], table["method"].map(rows), s=16, color=style.INK, zorder=3, alpha=0.7
    )
    for row, value in enumerate(means):
        color = style.PAPER if chosen[row] == style.BLUE else style.INK
        ax.text(0.006, row, f"{value:.0%}", va="center", fontsize=9.5, color=color)
    ax.axvline(share, color=style.MUTED, lw=1, ls=":")
    ax.set_yticks(range(len(means)), [labels.get(name, name) for name in means.index])
    ax.set_xlabel(f"share of the coming best {share:.0%} found (dotted: by chance)")
    ax.set_xlim(0, min(1.0, float(table["hit_rate"].max()) * 1.08))
    ax.grid(visible=False, axis="y")
    style.percent_axis(ax, "x")
    return ax


def plot_best(best: pd.DataFrame, *, count: int = 30, ax: Axes | None = None) -> Axes:
    """Chance of each to be among tomorrow's best, best first; today's best are filled.

    A list longer than `count` is drawn as a whole and without names: its beginning alone is nearly
    certain, and says nothing.
    `best`: one row a customer, `name`, `p_top`, `top_today`.
    """
    if len(best) > count:
        return _plot_whole(best, ax)
    shown = best.iloc[::-1]
    ax = style.axes(ax, height=0.27 * len(shown) + 1.6)
    rows = np.arange(len(shown))
    ax.hlines(rows, 0, shown["p_top"], color=style.GRID, lw=3)
    known = shown["top_today"].to_numpy(bool)
    for pick, face, label in (
        (known, style.BLUE, "among the best today"),
        (~known, style.PAPER, "not among the best today"),
    ):
        if pick.any():
            ax.scatter(
                shown["p_top"][pick],
                rows[pick],
                s=52,
                color=face,
                edgecolor=style.BLUE,
                linewidth=1.6,
                zorder=3,
                label=label,
            )
    ax.set_yticks(rows, [style.shorten(name, 40) for name in shown["name"]])
    ax.set_xlim(0, 1.03)
    ax.set_ylim(-0.7, len(shown) - 0.3)
    ax.set_xlabel("chance to be among the best")
    ax.grid(visible=False, axis="y")
    style.percent_axis(ax, "x")
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return ax


def _plot_whole(best: pd.DataFrame, ax: Axes | None, bars: int = 40) -> Axes:
    """The mean chance along a long list, each bar split by who is among the best today."""
    ax = style.axes(ax, height=4.2)
    edges = np.linspace(0, len(best), bars + 1).round()
    part = np.searchsorted(edges, np.arange(len(best)), side="right") - 1
    chance, new = best["p_top"].to_numpy(float), ~best["top_today"].to_numpy(bool)
    size = np.bincount(part, minlength=bars)
    known, other = (np.bincount(part, chance * who, bars) / size for who in (~new, new))
    look = {"width": np.diff(edges), "align": "edge", "edgecolor": style.PAPER, "linewidth": 0.6}
    ax.bar(edges[:-1], known, color=style.BLUE, label="among the best today", **look)
    ax.bar(
        edges[:-1],
        other,
        bottom=known,
        color=style.ORANGE,
        label="not among the best today",
        **look,
    )
    ax.axhline(0.5, color=style.MUTED, lw=1, ls=":")
    ax.set_xlim(0, len(best))
    ax.set_ylim(0, 1.03)
    ax.set_xlabel("place on the list, likeliest first (dotted: as likely as not)")
    ax.set_ylabel("chance to be among the best")
    ax.grid(visible=False, axis="x")
    style.count_axis(ax, "x")
    style.percent_axis(ax)
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return ax


def plot_movers(movers: pd.DataFrame, *, size: int, ax: Axes | None = None) -> Axes:
    """Rank today and place on tomorrow's list, with the 80 % interval of the rank to come.

    `movers`: one row a customer, `name`, `move`, `rank_today`, `place`, `p_top`,
    `expected_rank_lower_80`, `expected_rank_upper_80`; `size`: places among the best.
    """
    ax = style.axes(ax, height=0.3 * len(movers) + 1.9)
    rows = np.arange(len(movers))[::-1]
    for move, color, label in (
        ("riser", style.BLUE, "likely to rise"),
        ("fader", style.ORANGE, "likely to fall back"),
    ):
        pick = (movers["move"] == move).to_numpy()
        part, at = movers[pick], rows[pick]
        ax.hlines(
            at,
            part["expected_rank_lower_80"],
            part["expected_rank_upper_80"],
            color=color,
            lw=6,
            alpha=0.22,
        )
        ax.hlines(at, part["rank_today"], part["place"], color=color, lw=1.6)
        ax.scatter(part["place"], at, s=50, color=color, zorder=3, label=label)
    ax.scatter(
        movers["rank_today"],
        rows,
        s=34,
        color=style.PAPER,
        edgecolor=style.INK,
        linewidth=1.2,
        zorder=4,
        label="today",
    )
    ax.axvline(size + 0.5, color=style.MUTED, lw=1, ls=":")
    ranks = movers[["rank_today", "place", "expected_rank_lower_80", "expected_rank_upper_80"]]
    ax.set_xscale("log")
    ax.set_xlim(1.15 * max(ranks.max().max(), size), max(0.85 * ranks.min().min(), 0.9))
    names = zip(movers["name"], movers["p_top"], strict=True)
    ax.set_yticks(rows, [f"{style.shorten(name, 40)}  {chance:.0%}" for name, chance in names])
    ax.set_xlabel("rank by spend (dotted: the last place among the best)")
    ax.grid(visible=False, axis="y")
    style.count_axis(ax, "x")
    ax.set_xticks(_rank_ticks(*ax.get_xlim()))
    ax.set_xticks([], minor=True)
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return ax


def plot_calibration(reliability: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """What was promised against what happened, a point a group of customers, with 95 % bars.

    `reliability`: `promised`, `happened`, `n`.
    """
    ax = style.axes(ax, width=5.6, height=4.6)
    p, n = reliability["happened"].to_numpy(), reliability["n"].to_numpy()
    center = (p * n + 1.92) / (n + 3.84)
    reach = 1.96 * np.sqrt(n * p * (1 - p) + 0.96) / (n + 3.84)
    ax.plot([0, 1], [0, 1], color=style.MUTED, lw=1, ls=":")
    ax.vlines(reliability["promised"], center - reach, center + reach, color=style.BLUE, lw=2)
    ax.scatter(reliability["promised"], p, s=60, color=style.BLUE, zorder=3)
    for x, y, count in zip(reliability["promised"], center - reach, n, strict=True):
        ax.annotate(
            f"{count:,.0f}",
            (x, y),
            xytext=(0, -4),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=9,
            color=style.MUTED,
        )
    ax.set_xlim(-0.02, 1.02)
    ax.set_ylim(-0.1, 1.05)
    ax.set_xlabel("chance promised to be among the best")
    ax.set_ylabel("share that was among them")
    style.percent_axis(ax, "x")
    style.percent_axis(ax)
    return ax


def plot_calendar(curve: pd.DataFrame, *, seasonal: bool, leveled: bool) -> np.ndarray:
    """Pace of purchases over the years and, by month, the season; dots are what was counted.

    `curve`: one row a month, `month`, `season`, `level`, `actual`, `expected` and, the same in each
    row, the mean level from the last month to `level_ahead_until`: `level_ahead`,
    `level_ahead_lower_80`, `level_ahead_upper_80`.
    """
    ax = style.axes(height=3.7, columns=2, width_ratios=[1.6, 1], width=8.2)
    step = max(1, len(curve) // 40)
    grouped = curve.groupby(np.arange(len(curve))[::-1] // step)
    actual = (
        grouped["actual"].sum()
        / (curve["expected"] * curve["season"]).groupby(np.arange(len(curve))[::-1] // step).sum()
    )
    few = grouped["expected"].sum() < 3
    ax[0].axhline(1, color=style.MUTED, lw=1, ls=":")
    ax[0].scatter(
        grouped["month"].first()[~few], actual[~few], s=18, color=style.MUTED, label="counted"
    )
    if leveled:
        ax[0].plot(curve["month"], curve["level"], color=style.BLUE, label="level")
        last = curve.iloc[-1]
        span = [last["month"], last["level_ahead_until"]]
        ax[0].plot(span, [last["level_ahead"]] * 2, color=style.BLUE, ls="--", label="expected")
        ax[0].fill_between(
            span,
            last["level_ahead_lower_80"],
            last["level_ahead_upper_80"],
            color=style.BLUE,
            alpha=0.18,
            lw=0,
            label="80% range",
        )
    ax[0].set_ylabel("purchases against the mean pace")
    ax[0].set_ylim(0, None)
    style.percent_axis(ax[0])
    style.date_axis(ax[0])
    by_month = curve.groupby(curve["month"].dt.month)
    counted = (
        by_month["actual"].sum()
        / (curve["expected"] * curve["level"]).groupby(curve["month"].dt.month).sum()
    )
    months = counted.index.to_numpy()
    ax[1].axhline(1, color=style.MUTED, lw=1, ls=":")
    if seasonal:
        ax[1].bar(months, by_month["season"].mean(), color=style.SKY, width=0.8, label="season")
    ax[1].scatter(months, counted, s=18, color=style.MUTED, zorder=3)
    ax[1].set_xticks(range(1, 13), [name[0] for name in MONTHS])
    ax[1].set_xlabel("month of the year")
    ax[1].set_xlim(0.4, 12.6)
    ax[1].set_ylim(0, None)
    ax[1].grid(visible=False, axis="x")
    style.percent_axis(ax[1])
    drawn = [each.get_legend_handles_labels() for each in ax]
    handles, names = (sum(parts, []) for parts in zip(*drawn, strict=True))
    ax[0].figure.legend(handles, names, loc="outside lower center", ncols=5)
    return ax


def plot_total(windows: pd.DataFrame, *, currency: str, ax: Axes | None = None) -> Axes:
    """Spend of known customers in past windows, and the next with its 80 and 95 % intervals.

    `windows`: one row a window, `end`, `spend` (missing for the next), and, where a forecast was
    made, `mean`, `lower_80`, `upper_80`, `lower_95`, `upper_95`.
    """
    ax = style.axes(ax, height=3.8)
    x = np.arange(len(windows))
    told = windows["lower_95"].notna().to_numpy()
    ax.vlines(
        x[told],
        windows["lower_95"][told],
        windows["upper_95"][told],
        color=style.BLUE,
        lw=10,
        alpha=0.18,
        label="95% interval of the forecast",
    )
    inner = windows["lower_80"].notna().to_numpy()
    ax.vlines(
        x[inner],
        windows["lower_80"][inner],
        windows["upper_80"][inner],
        color=style.BLUE,
        lw=10,
        alpha=0.45,
        label="80% interval",
    )
    ax.scatter(
        x[told],
        windows["mean"][told],
        s=40,
        color=style.BLUE,
        zorder=3,
        marker="D",
        label="expected",
    )
    ax.plot(x, windows["spend"], color=style.INK, marker="o", lw=1.6, ms=6, label="came")
    ax.set_xticks(x, [f"to {end.day} {end:%b}\n{end:%Y}" for end in windows["end"]])
    ax.set_xlim(-0.5, len(windows) - 0.5)
    ax.set_ylim(0, None)
    ax.set_ylabel("spend of customers known before")
    ax.grid(visible=False, axis="x")
    style.money_axis(ax, currency)
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return ax


def _rank_ticks(last: float, first: float) -> list[int]:
    """Ranks worth writing on a log axis from `first` to `last`."""
    steps = [digit * 10**power for power in range(7) for digit in (1, 2, 5)]
    steps = steps if last / first < 500 else steps[::3]
    return [step for step in steps if first <= step <= last]
