"""Figures of the chapter on the three goods."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from os.path import commonprefix

import mpltern  # noqa: F401  (registers the ternary projection)
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from matplotlib.ticker import FixedLocator
from scipy.spatial import ConvexHull

from goodlib.decision.balance import GOODS, clr
from goodlib.report.figures import style

COLORS = dict(zip(GOODS, (style.TEAL, style.ORANGE, style.BLUE), strict=True))
WORDS = {"others": "good for others", "skill": "good at it", "you": "good for us"}


def plot_balance(
    months: pd.DataFrame,
    chosen: Mapping[str, float],
    ring: pd.DataFrame,
    *,
    ax: Axes | None = None,
) -> Axes:
    """The balance of effort in the triangle of the three goods: its way, now, and as chosen.

    `months`: one row a month, `others`, `skill`, `you`; `ring`: bootstrap of the present balance.
    """
    ax = style.axes(ax, width=7.4, height=6.4, subplot_kw={"projection": "ternary"})
    ax.figure.set_layout_engine("none")  # a triangle measures its labels at length at every layout
    ax.set_title("", y=1.0)
    way = months[list(GOODS)].to_numpy()
    ax.grid(visible=True)
    ax.plot(*way.T, color=style.GRAY, lw=1.6, zorder=2)
    labelled = [way[-1]]
    for i in np.flatnonzero(months.index.month == 12):
        if min(np.abs(way[i] - other).sum() for other in labelled) < 0.12:
            continue
        labelled.append(way[i])
        ax.scatter(*way[i][:, None], s=26, color=style.MUTED, zorder=3)
        note = {"textcoords": "offset points", "fontsize": 9, "color": style.MUTED}
        ax.annotate(f"{months.index[i].year}", _place(way[i]), xytext=(5, 4), **note)
    ax.add_patch(Polygon(_hull(ring), closed=True, fc=style.BLUE, alpha=0.18, ec="none", zorder=2))
    goal = np.array([chosen[good] for good in GOODS])
    ax.scatter(*goal[:, None], s=190, marker="*", color=style.ORANGE, zorder=5, ec="white")
    ax.scatter(*way[-1][:, None], s=80, color=style.BLUE, zorder=5, ec="white")
    for point, words, color in ((goal, "chosen", style.ORANGE), (way[-1], "now", style.BLUE)):
        ax.annotate(
            words, _place(point), xytext=(9, -3), textcoords="offset points", fontweight="bold",
            color=style.readable(color), path_effects=[style.HALO], zorder=6,
        )  # fmt: skip
    for axis, good in zip((ax.taxis, ax.laxis, ax.raxis), GOODS, strict=True):
        axis.set_major_locator(FixedLocator([0.2, 0.4, 0.6, 0.8]))
        axis.set_major_formatter(lambda x, _: f"{x:.0%}")
        axis.set_tick_params(labelcolor=style.readable(COLORS[good]))
    corners = (
        ((1, 0, 0), "pro bono", (0, 26), "bottom"),
        ((0, 1, 0), "learning", (-6, -30), "top"),
        ((0, 0, 1), "revenue", (6, -30), "top"),
    )
    for (point, only, away, vertical), good in zip(corners, GOODS, strict=True):
        ax.annotate(
            f"{WORDS[good]}\n(here: only {only})", _place(np.array(point, float)), xytext=away,
            textcoords="offset points", ha="center", va=vertical, annotation_clip=False,
            color=style.readable(COLORS[good]), fontweight="medium",
        )  # fmt: skip
    return ax


def plot_shares(
    months: pd.DataFrame, chosen: Mapping[str, float], *, ax: Axes | None = None
) -> Axes:
    """The shares of effort over time, each against the share the firm chose (dashed)."""
    ax = style.axes(ax, height=4.0)
    for good in reversed(GOODS):
        ax.plot(months.index, months[good], color=COLORS[good], label=WORDS[good])
        ax.axhline(chosen[good], color=COLORS[good], lw=1.2, ls=(0, (4, 3)), label="_")
    lines = [line for line in ax.get_lines() if line.get_label().startswith("_")]
    for line in lines:
        line.set_label("_chosen")
    ax.set_ylim(0, max(1.0, months[list(GOODS)].to_numpy().max()))
    style.percent_axis(ax)
    style.date_axis(ax)
    ax.set_ylabel("share of effort")
    ax.set_xlabel("end of the months looked back on; dashed: as the firm chose")
    style.label_ends(ax)
    return ax


def plot_map(cells: pd.DataFrame, unit: str, *, ax: Axes | None = None) -> Axes:
    """The map of skills: how much work in each cell, and which cells are new.

    `cells`: one row a cell with two or three index levels, `hours` and `new` (first entered
    lately).
    """
    levels = list(cells.index.names)
    rows, columns = (levels[-1], levels[-2]) if len(levels) > 1 else (levels[0], None)
    flat = cells.reset_index()
    if columns is None:
        flat["work"], columns = "all", "work"
    hours = flat.pivot_table(index=rows, columns=columns, values="hours", aggfunc="sum")
    new = flat.pivot_table(index=rows, columns=columns, values="new", aggfunc="max")
    hours = hours.loc[hours.sum(axis=1).nlargest(12).index, hours.sum(axis=0).nlargest(10).index]
    new = new.reindex(index=hours.index, columns=hours.columns)
    ax = style.axes(ax, width=8.4, height=0.36 * len(hours) + 2.2)
    shown = np.log1p(hours.fillna(0).to_numpy())
    ax.imshow(shown, cmap=style.SEQUENTIAL, aspect="auto")
    for (i, j), size in np.ndenumerate(hours.to_numpy()):
        if np.isfinite(size) and size > 0:
            color = "white" if shown[i, j] > 0.62 * shown.max() else style.INK
            ax.text(j, i, f"{size:,.0f}", ha="center", va="center", fontsize=9, color=color)
        if new.to_numpy()[i, j] == 1:
            ax.plot(j + 0.38, i - 0.34, "o", ms=5, color=style.ORANGE)
    names = [textwrap.fill(name, 14) for name in _apart(hours.columns, 26)]
    ax.set_xticks(range(len(names)), names, fontsize=9, rotation=0 if len(names) < 8 else 40)
    if len(names) >= 8:
        for tick in ax.get_xticklabels():
            tick.set_ha("right")
    ax.set_yticks(range(len(hours)), [style.shorten(name, 34) for name in hours.index], fontsize=9)
    ax.spines[:].set_visible(False)
    ax.grid(visible=False)
    ax.set_xlabel(f"{unit} in each cell; an orange dot marks cells entered lately")
    return ax


def plot_goods(best: pd.DataFrame, currency: str, units: Mapping[str, str]) -> np.ndarray:
    """The three goods of the best customers, each with its 80 % interval, side by side.

    A good of which nothing is known of anybody is not drawn.
    `best`: `name`, and each good with `_lower_80`, `_upper_80`, best first.
    """
    shown = best.iloc[::-1]
    rows = np.arange(len(shown))
    columns = dict(zip(GOODS, ("good_for_others", "good_at_it", "good_for_you"), strict=True))
    known = [good for good in GOODS if good == "you" or shown[columns[good]].any()]
    size = {"width": 9.2 if len(known) > 1 else 7.4, "height": 0.33 * len(shown) + 1.4}
    axes = np.atleast_1d(style.axes(None, columns=len(known), sharey=True, **size))
    for ax, good in zip(axes, known, strict=True):
        column = columns[good]
        color = COLORS[good]
        bounds = shown[f"{column}_lower_80"], shown[f"{column}_upper_80"]
        ax.barh(rows, shown[column], color=color, alpha=0.35, height=0.62)
        ax.hlines(rows, *bounds, color=color, lw=2)
        ax.plot(shown[column], rows, "o", color=color, ms=4.5)
        ax.set_title(WORDS[good], color=style.readable(color))
        ax.set_xlabel(textwrap.fill(units[good], 26), fontsize=9.5)
        ax.grid(visible=False, axis="y")
        ax.set_xlim(left=min(0.0, float(bounds[0].min())))
        ax.locator_params(axis="x", nbins=4)
    axes[0].set_yticks(rows, [style.shorten(name, 26) for name in shown["name"]], fontsize=9.5)
    style.money_axis(axes[-1], currency, "x")
    return axes


def plot_rubric(best: pd.DataFrame, unit: str, scale: tuple[float, float]) -> np.ndarray:
    """The rubric's score with its interval, and the hours beside it: all of them, and those given.

    `best`: `name`, `rated` and its bounds, `hours_all`, `hours_others`, most good first; `scale`:
    worst and best score.
    """
    shown = best.iloc[::-1]
    rows = np.arange(len(shown))
    axes = style.axes(None, width=9.2, height=0.32 * len(shown) + 1.5, columns=2, sharey=True)
    color = COLORS["others"]
    axes[0].hlines(rows, shown["rated_lower_80"], shown["rated_upper_80"], color=color, lw=2)
    axes[0].plot(shown["rated"], rows, "o", color=color, ms=5)
    axes[0].set(xlim=(scale[0] - 0.1, scale[1] + 0.1), xlabel="score of an average rater (80%)")
    axes[0].set_title("how good the work is for others", color=style.readable(color))
    axes[1].barh(rows, shown["hours_all"], color=style.GRAY, alpha=0.45, label="all work")
    axes[1].barh(rows, shown["hours_others"], color=color, label="given to others")
    axes[1].set_title("and how much of it there was", color=style.INK)
    axes[1].set_xlabel(unit)
    axes[1].legend(loc="lower right")
    for ax in axes:
        ax.grid(visible=False, axis="y")
    axes[0].set_yticks(rows, [style.shorten(name, 26) for name in shown["name"]], fontsize=9.5)
    return axes


def plot_rates(places: pd.DataFrame, count: int, *, ax: Axes | None = None) -> Axes:
    """Places by money and good for others together, at several rates; the best are filled.

    `places`: one row a customer (by name), one column a multiple of the firm's rate.
    """
    shown = places.head(24)
    ax = style.axes(ax, width=7.6, height=0.32 * len(shown) + 1.7)
    among = shown.to_numpy() <= count
    ax.imshow(np.where(among, 0.55, 0.0), cmap=style.SEQUENTIAL, vmin=0, vmax=1, aspect="auto")
    for (i, j), place in np.ndenumerate(shown.to_numpy()):
        color = "white" if among[i, j] else style.MUTED
        ax.text(j, i, f"{place:,.0f}", ha="center", va="center", fontsize=9.5, color=color)
    heads = ["none" if m == 0 else "the firm's" if m == 1 else f"{m:g} ×" for m in shown.columns]
    ax.set_xticks(range(len(heads)), heads)
    ax.set_yticks(range(len(shown)), [style.shorten(name, 28) for name in shown.index])
    ax.set_xlabel(f"rate for the good of others; filled: among the best {count:,}")
    ax.spines[:].set_visible(False)
    ax.grid(visible=False)
    return ax


def plot_lists(lists: pd.DataFrame, count: int, *, ax: Axes | None = None) -> Axes:
    """The list by money alone beside the list by all three goods: who stays, falls, rises.

    `lists`: `name`, `money_rank`, `good_rank`, `move`, for those on either list.
    """
    colors = {"stays": style.GRAY, "falls": style.RED, "rises": style.TEAL}
    shown = lists[lists["move"] != ""]
    ax = style.axes(ax, width=8.6, height=min(0.30 * count + 2.0, 9.0))
    bottom = count + 1.6
    for _, row in shown.iterrows():
        left, right = min(row["money_rank"], bottom), min(row["good_rank"], bottom)
        color = colors[row["move"]]
        bold = {
            "fontsize": 9.5,
            "color": style.readable(color) if row["move"] != "stays" else style.INK,
        }
        ax.plot([0, 1], [left, right], color=color, lw=1.8, alpha=0.8)
        if left <= count:
            ax.text(-0.02, left, style.shorten(row["name"], 30), ha="right", va="center", **bold)
        if right <= count:
            ax.text(1.02, right, style.shorten(row["name"], 30), ha="left", va="center", **bold)
    ax.axhline(count + 0.8, color=style.GRAY, lw=1, ls=(0, (4, 3)))
    ax.text(0.5, bottom + 0.4, "not on the list", ha="center", va="top", color=style.MUTED)
    ax.set(xlim=(-0.75, 1.75), ylim=(bottom + 1.4, -0.6))
    ax.text(0, -0.2, "by money alone", ha="center", va="bottom", fontweight="bold")
    ax.text(1, -0.2, "by all three goods", ha="center", va="bottom", fontweight="bold")
    ax.set_axis_off()
    return ax


def _apart(names: Sequence[object], length: int) -> list[str]:
    """Names cut to `length` signs; where two would read alike, what sets them apart is kept."""
    cut = [style.shorten(name, length) for name in names]
    said = []
    for name, short in zip(names, cut, strict=True):
        text, twins = str(name), [str(n) for n, s in zip(names, cut, strict=True) if s == short]
        if len(twins) > 1:
            start = len(commonprefix(twins))
            start = text.rfind(" ", 0, start) + 1
            short = "…" + style.shorten(text[start:], length - 1)
        said.append(short)
    return said


def _place(shares: np.ndarray) -> tuple[float, float]:
    """Where three shares lie in the triangle's own coordinates."""
    top, left, right = shares
    return float((right - left) / np.sqrt(3)), float(top)


def _hull(ring: pd.DataFrame) -> np.ndarray:
    """The edge of the four fifths of the resamples that lie nearest to their middle."""
    logs = clr(ring[list(GOODS)].to_numpy())
    far = ((logs - np.median(logs, axis=0)) ** 2).sum(axis=1)
    near = ring[list(GOODS)].to_numpy()[far <= np.quantile(far, 0.8)]
    points = np.array([_place(point) for point in near])
    if np.ptp(points, axis=0).min() < 1e-9:
        return points
    return points[ConvexHull(points).vertices]
