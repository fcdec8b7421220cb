"""Figures of the chapter on relationships: who is strict, who is good to work with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from goodlib.report.figures import style
from goodlib.report.figures.style import BLUE, GRAY, INK, MUTED, ORANGE, TEAL


def plot_raters(raters: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """What the average customer gets from each rater beyond the average rater; strictest below.

    `raters`: index rater, columns points, points_lower_80, points_upper_80, n_ratings.
    """
    frame = raters.sort_values("points")
    ax = style.axes(ax, height=1.3 + 0.36 * len(frame))
    y = np.arange(len(frame))
    color = np.where(
        frame["points_upper_80"] < 0, ORANGE, np.where(frame["points_lower_80"] > 0, TEAL, GRAY)
    )
    ax.axvline(0, color=INK, linewidth=0.9)
    ax.hlines(y, frame["points_lower_80"], frame["points_upper_80"], color=color, linewidth=2.2)
    ax.scatter(frame["points"], y, s=48, color=color, zorder=3)
    labels = [f"{style.shorten(name, 22)}  ({n:,})" for name, n in frame["n_ratings"].items()]
    ax.set_yticks(y, labels)
    ax.set_ylim(-0.7, len(frame) - 0.3)
    ax.set_xlabel(
        "Points given to the same customer beyond the average rater\n← stricter    milder →"
    )
    ax.grid(visible=False, axis="y")
    return ax


def plot_customers(
    customers: pd.DataFrame, names: pd.Series, scale: Sequence[float], show: int = 10
) -> Axes:
    """Every known customer as a dot with its interval, and the ends of the order by name.

    `customers`: index customer_id, columns expected_score, score_lower_80, score_upper_80, basis.
    """
    known = customers[customers["basis"] != "unrated"].sort_values("expected_score")
    unknown = customers[customers["basis"] == "unrated"]
    show = min(show, len(known) // 2)
    ends = pd.concat([known.head(show), known.tail(show)])
    left, right = style.axes(
        columns=2, height=1.6 + 0.27 * len(ends), width=8.4, width_ratios=[1, 1.15]
    )
    y = np.arange(len(known))
    color = np.full(len(known), GRAY, dtype=object)
    color[:show], color[len(known) - show :] = ORANGE, BLUE
    _bars(left, known, y, color, 0.9 if len(known) > 60 else 1.6, 9)
    left.set_yticks([])
    left.set_ylabel(f"{len(known):,} rated customers, most strained at the bottom")
    if len(unknown):
        prior, low = unknown.iloc[0], -0.07 * len(known) - 1
        left.hlines(low, prior["score_lower_80"], prior["score_upper_80"], color=INK, linestyle=":")
        left.scatter(prior["expected_score"], low, s=26, facecolor="white", edgecolor=INK, zorder=3)
        left.annotate(
            f"{len(unknown):,} unrated: unknown", (prior["score_upper_80"], low), xytext=(0, -11),
            textcoords="offset points", ha="right", va="top", fontsize=9, color=MUTED,
        )  # fmt: skip
        left.set_ylim(low - 0.09 * len(known) - 1, len(known) + 0.5)
    y = np.r_[np.arange(show), np.arange(show) + show + 0.8]
    _bars(right, ends, y, np.repeat([ORANGE, BLUE], show), 2.2, 40)
    right.axhline(show - 0.1, color=GRAY, linewidth=0.8, linestyle=(0, (2, 3)))
    right.set_yticks(y, [style.shorten(names.get(c, c), 34) for c in ends.index], fontsize=9)
    right.grid(visible=False, axis="y")
    right.set_title(f"The {show} most strained and the {show} warmest")
    low = customers["score_lower_80"].min() - 0.15
    high = customers["score_upper_80"].max() + 0.15
    for ax in (left, right):
        ax.set_xlim(max(min(scale), low), min(max(scale), high))
        ax.set_xlabel("Score from an average rater")
    return left


def _bars(ax: Axes, frame: pd.DataFrame, y, color, width: float, size: float) -> None:
    low, high = frame["score_lower_80"], frame["score_upper_80"]
    ax.hlines(y, low, high, color=color, linewidth=width, alpha=0.75)
    ax.scatter(frame["expected_score"], y, s=size, color=color, zorder=3)


def plot_adjustment(moves: pd.DataFrame, names: pd.Series, ax: Axes | None = None) -> Axes:
    """Places by the mean of the scores (hollow) and after adjustment, best place on the right.

    `moves`: index customer_id, columns place_by_mean, place.
    """
    frame = moves.sort_values("place", ascending=False)
    ax = style.axes(ax, height=1.4 + 0.32 * len(frame))
    y = np.arange(len(frame))
    up = frame["place"] < frame["place_by_mean"]
    color = np.where(up, BLUE, ORANGE)
    for at, row, c in zip(y, frame.itertuples(), color, strict=True):
        ax.annotate(
            "", (row.place, at), (row.place_by_mean, at),
            arrowprops={"arrowstyle": "-|>", "color": c, "linewidth": 1.8, "shrinkB": 0},
        )  # fmt: skip
    ax.scatter(frame["place_by_mean"], y, s=44, facecolor="white", edgecolor=color, linewidth=1.6)
    ax.scatter(frame["place"], y, s=4, color=color)
    ax.set_yticks(y, [style.shorten(names.get(c, c), 34) for c in frame.index])
    ax.set_xlabel(
        "Place among the rated customers, 1 is best\n○ by the mean of the scores → adjusted"
    )
    ax.invert_xaxis()
    style.count_axis(ax, "x")
    ax.grid(visible=False, axis="y")
    return ax


def plot_gap(gap: pd.DataFrame, names: pd.Series, ax: Axes | None = None) -> Axes:
    """Our score less theirs, with 80 % intervals; right of zero we think better of it than they.

    `gap`: index customer_id, columns gap, lower_80, upper_80.
    """
    frame = gap.sort_values("gap")
    ax = style.axes(ax, height=1.4 + 0.3 * len(frame))
    y = np.arange(len(frame))
    clear = (frame["lower_80"] > 0) | (frame["upper_80"] < 0)
    color = np.where(~clear, GRAY, np.where(frame["gap"] > 0, ORANGE, TEAL))
    ax.axvline(0, color=INK, linewidth=0.9)
    ax.hlines(y, frame["lower_80"], frame["upper_80"], color=color, linewidth=2.2)
    ax.scatter(frame["gap"], y, s=42, color=color, zorder=3)
    ax.set_yticks(y, [style.shorten(names.get(c, c), 34) for c in frame.index])
    ax.set_xlabel("Our score less theirs, in points\n← they think better of it    we do →")
    ax.grid(visible=False, axis="y")
    return ax


def plot_trend(
    overall: pd.DataFrame, by_rater: pd.DataFrame, ax: Axes | None = None, few: int = 30
) -> Axes:
    """Mean score over time as if customers and questions had been the same; thin lines are raters.

    Periods with fewer than `few` ratings of a rater are left out of that rater's line.
    """
    ax = style.axes(ax)
    lines = by_rater[by_rater["n_ratings"] >= few]
    counts = lines["rater"].value_counts()
    names = [name for name in lines["rater"].unique() if counts[name] >= 2]
    for name, color in zip(names, style.CYCLE * 3, strict=False):
        part = lines[lines["rater"] == name]
        ax.plot(part["period"], part["score"], color=color, linewidth=1.1, label=str(name))
    ax.fill_between(
        overall["period"], overall["lower_80"], overall["upper_80"], color=INK, alpha=0.12
    )
    ax.plot(overall["period"], overall["score"], color=INK, linewidth=2.8, label="all together")
    low, high = ax.get_ylim()
    if high - low < 1.0:  # a change of tenths of a point is not to look like a landslide
        ax.set_ylim((low + high) / 2 - 0.5, (low + high) / 2 + 0.5)
    ax.set_ylabel("Score, mix of customers held constant")
    ax.margins(x=0.02)
    years = overall["period"].dt.year
    step = int(years.diff().min()) if len(years) > 1 else 1
    if len(years) <= 9:
        words = [
            str(year) if step == 1 else f"{year}–{(year + step - 1) % 100:02d}" for year in years
        ]
        ax.set_xticks(overall["period"], words)
    else:
        style.date_axis(ax)
    style.label_ends(ax)
    return ax


def plot_respect(frame: pd.DataFrame, names: pd.Series, show: int = 6) -> Axes:
    """What the log says of each customer and what the raters say; widest contradictions named.

    `frame`: index customer_id, columns respect, relationship, contradiction (standard deviations).
    """
    ax = style.axes(height=4.8)
    far = frame["contradiction"].abs().sort_values(ascending=False).index[:show]
    better = frame.loc[far, "contradiction"] > 0
    ax.scatter(frame["respect"], frame["relationship"], s=22, color=GRAY)
    for side, color in ((better, ORANGE), (~better, TEAL)):
        part = frame.loc[far[side.to_numpy()]]
        ax.scatter(part["respect"], part["relationship"], s=46, color=color, zorder=3)
    ax.axhline(0, color=INK, linewidth=0.7)
    ax.axvline(0, color=INK, linewidth=0.7)
    ax.set_xlabel("What the log says\n← strained    respectful →")
    ax.set_ylabel("What the raters say\n← strained    warm →")
    part = frame.loc[far]
    style.label_points(
        ax, part["respect"], part["relationship"],
        [style.shorten(names.get(c, c), 24) for c in far],
    )  # fmt: skip
    return ax
