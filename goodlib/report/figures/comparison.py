"""Figures of the chapter that holds money against people."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from goodlib.decision.comparison import MEASURES
from goodlib.decision.quadrant import QUADRANTS, UNKNOWN
from goodlib.report.figures import style

COLORS = dict(zip(QUADRANTS, (style.BLUE, style.RED, style.TEAL, style.MUTED), strict=True))
CORNERS = {
    "valuable and warm": (1, 1),
    "valuable but strained": (1, 0),
    "modest but warm": (0, 1),
    "modest and distant": (0, 0),
}
VIEW_WORDS = {
    "naive": ("as it looks", style.ORANGE, "o"),
    "propagated": ("with the doubt of both sides let in", style.SKY, "s"),
    "disattenuated": ("if both sides were known exactly", style.BLUE, "D"),
}


def plot_quadrants(
    customers: pd.DataFrame,
    *,
    value_cut: float,
    warm_cut: float,
    currency: str,
    ax: Axes | None = None,
) -> Axes:
    """Value against relationship, every customer with both 80 % intervals.

    `customers`: one row a customer, `name`, `residual_value`, `relationship`, both with `_lower_80`
    and `_upper_80`, `quadrant`, `p_quadrant`, and `told`: "matters", "missed" or "strained" for
    those whose names are written. The ground is darker where a typical customer's quadrant is
    surer.
    """
    ax = style.axes(ax, width=9.2, height=7.2)
    rated = customers[customers["quadrant"] != UNKNOWN]
    unknown = customers[customers["quadrant"] == UNKNOWN]
    floor = _floor(rated["residual_value"], value_cut)
    x = rated["residual_value"].clip(lower=floor)
    left = rated["residual_value_lower_80"].clip(lower=floor)
    right = rated["residual_value_upper_80"].clip(lower=floor)
    ax.set_xscale("log")
    low, high = rated["relationship_lower_80"].min(), rated["relationship_upper_80"].max()
    span = high - low
    ax.set(xlim=(floor * 0.8, right.max() * 1.4), ylim=(low - 0.16 * span, high + 0.10 * span))
    _ground(ax, rated, floor, value_cut, warm_cut)
    shade = np.where(rated["told"].notna(), 0.75, 0.16)
    colors = [to_rgb(COLORS.get(quadrant, style.GRAY)) for quadrant in rated["quadrant"]]
    edges = [(*to_rgb(color), a) for color, a in zip(colors, shade, strict=True)]
    ax.hlines(rated["relationship"], left, right, colors=edges, lw=1.1, zorder=2)
    bounds = rated["relationship_lower_80"], rated["relationship_upper_80"]
    ax.vlines(x, *bounds, colors=edges, lw=1.1, zorder=2)
    told = rated["told"].notna().to_numpy()
    size = np.where(told, 62, 26)
    ax.scatter(x, rated["relationship"], s=size, c=colors, zorder=3, ec="white", lw=0.7)
    for kind, color in (("missed", style.TEAL), ("strained", style.RED)):
        some = (rated["told"] == kind).to_numpy()
        ax.scatter(
            x[some], rated["relationship"][some], s=170, fc="none", ec=color, lw=1.6, zorder=4
        )
    below = ""
    if len(unknown):
        rug = ax.get_ylim()[0] + 0.008 * span, ax.get_ylim()[0] + 0.035 * span
        ax.vlines(unknown["residual_value"].clip(lower=floor), *rug, colors=style.MUTED, lw=1.2)
        below = f"\nticks on the axis: the {len(unknown):,} customers whom nobody has rated"
    _captions(ax, rated)
    named = rated[told].sort_values("residual_value", ascending=False, kind="stable")
    at = named["residual_value"].clip(lower=floor)
    across = left[told].loc[named.index], right[told].loc[named.index], named["relationship"]
    up = bounds[0][told].loc[named.index], bounds[1][told].loc[named.index]
    style.label_points(
        ax,
        at,
        named["relationship"],
        [textwrap.fill(style.shorten(name, 44), 24) for name in named["name"]],
        gap=11.0,
        lines=np.vstack(
            [
                np.column_stack([across[0], across[2], across[1], across[2]]),
                np.column_stack([at, up[0], at, up[1]]),
            ]
        ),
        fontsize=9.5,
        fontweight="medium",
    )
    ax.grid(visible=False)
    style.money_axis(ax, currency, "x")
    ax.set_xlabel("expected value over the horizon (log scale), with 80% interval" + below)
    ax.set_ylabel("relationship as rated, raters' severity taken out, with 80% interval")
    return ax


def plot_agreement(association: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """How far money and people agree, by measure, in three views with 95 % intervals.

    `association`: one row a measure and view, as `comparison.association` makes it.
    """
    measures = [m for m in MEASURES if m in set(association["measure"])]
    ax = style.axes(ax, height=0.75 * len(measures) + 1.3)
    for shift, (view, (words, color, marker)) in zip(
        (0.24, 0.0, -0.24), VIEW_WORDS.items(), strict=True
    ):
        part = association[association["view"] == view].set_index("measure").reindex(measures)
        rows = np.arange(len(measures))[::-1] + shift
        ax.hlines(rows, part["lower_95"], part["upper_95"], color=color, lw=2.2, alpha=0.8)
        ax.plot(part["estimate"], rows, marker, color=color, ms=6.5, label=words)
    ax.axvline(0, color=style.GRAY, lw=1)
    ax.set_yticks(np.arange(len(measures))[::-1], [MEASURES[m] for m in measures])
    ax.grid(visible=False, axis="y")
    ax.set_xlabel("agreement: 0 none, 1 complete; with 95% interval")
    ax.figure.legend(loc="outside lower center", ncols=3, columnspacing=1.2)
    return ax


def plot_transition(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Where the tiers by value lie among the tiers by relationship, as counts and shares of a
    row.
    """
    ax = style.axes(ax, width=6.4, height=3.9)
    counts = table.to_numpy()
    shares = table.div(table.sum(axis=1).replace(0, np.nan), axis=0).fillna(0).to_numpy()
    picture = ax.imshow(
        shares, cmap=style.SEQUENTIAL, vmin=0, vmax=max(0.6, shares.max()), aspect="auto"
    )
    for (row, column), share in np.ndenumerate(shares):
        ax.text(
            column, row, f"{counts[row, column]:,}\n{share:.0%}", ha="center", va="center",
            color=style.letters(picture.to_rgba(share)),
        )  # fmt: skip
    for which, words in ((ax.set_xticks, table.columns), (ax.set_yticks, table.index)):
        which(np.arange(len(words)), [str(word) for word in words])
    ax.set(xlabel="tier by relationship", ylabel="tier by value")
    ax.spines[:].set_visible(False)
    ax.grid(visible=False)
    return ax


def plot_within(groups: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Agreement over all customers and within groups of them, with 95 % intervals.

    `groups`: one row a group, `n`, `tau_b`, `lower_95`, `upper_95`, as `confounding.within` makes
    it.
    """
    shown = groups.dropna(subset=["tau_b"])
    ax = style.axes(ax, height=0.42 * len(shown) + 1.4)
    rows = np.arange(len(shown))[::-1]
    first = np.isin(shown.index, ["all customers", "within groups"])
    for pick, color in ((first, style.BLUE), (~first, style.GRAY)):
        part = shown[pick]
        ax.hlines(rows[pick], part["lower_95"], part["upper_95"], color=color, lw=2.4)
        ax.plot(part["tau_b"], rows[pick], "o", color=color, ms=7)
    ax.axvline(0, color=style.MUTED, lw=1)
    names = [
        f"{style.shorten(str(name), 30)} ({n:,})"
        for name, n in zip(shown.index, shown["n"], strict=True)
    ]
    ax.set_yticks(rows, names)
    ax.set_ylim(-0.6, len(shown) - 0.4)
    ax.grid(visible=False, axis="y")
    ax.set_xlabel("value and relationship together (Kendall's tau-b), 95% interval")
    return ax


def plot_gaps(agenda: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """The place of each customer of the agenda on both lists.

    `agenda`: `name`, `value_rank`, `relationship_rank`, `side`.
    """
    shown = agenda.iloc[::-1]
    ax = style.axes(ax, width=8.2, height=0.4 * len(shown) + 1.5)
    rows = np.arange(len(shown))
    colors = np.where(shown["side"] == "money", style.RED, style.TEAL)
    ax.hlines(rows, shown["value_rank"], shown["relationship_rank"], colors=colors, lw=2, alpha=0.5)
    ax.plot(shown["value_rank"], rows, "s", color=style.INK, ms=7, label="place by value")
    for side, color, words in (
        ("money", style.RED, "place by relationship: lower"),
        ("people", style.TEAL, "place by relationship: higher"),
    ):
        some = (shown["side"] == side).to_numpy()
        ax.plot(shown["relationship_rank"][some], rows[some], "o", color=color, ms=8, label=words)
    ax.set_yticks(rows, [style.shorten(name, 40) for name in shown["name"]])
    ax.invert_xaxis()
    ax.grid(visible=False, axis="y")
    ax.set_xlabel("expected place on each list: the best is on the right")
    ax.figure.legend(loc="outside lower center", ncols=3, columnspacing=1.2)
    return ax


def _floor(value: pd.Series, cut: float) -> float:
    """The smallest value that is drawn; those below it stand on the left edge."""
    some = value[value > 0]
    return float(max(some.quantile(0.03), cut / 400)) if len(some) else cut / 400


def _ground(ax: Axes, rated: pd.DataFrame, floor: float, value_cut: float, warm_cut: float) -> None:
    """Tints the plane by the quadrant a typical customer there belongs to, and how surely."""
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    x, y = np.linspace(np.log(x0), np.log(x1), 480), np.linspace(y0, y1, 360)
    bounds = rated[["residual_value_lower_80", "residual_value_upper_80"]].clip(lower=floor)
    width = np.log(bounds).diff(axis=1).iloc[:, 1]
    height = rated["relationship_upper_80"] - rated["relationship_lower_80"]
    # 80 % of a normal is 2.56 standard deviations wide; a logistic curve stands in for it
    steep = [2.56 * 1.7 / max(float(side.median()), 1e-9) for side in (width, height)]
    valuable = 1 / (1 + np.exp(-np.clip((x - np.log(value_cut)) * steep[0], -60, 60)))[None, :]
    warm = 1 / (1 + np.exp(-np.clip((y - warm_cut) * steep[1], -60, 60)))[:, None]
    chances = (valuable * warm, valuable * (1 - warm), (1 - valuable) * warm,
               (1 - valuable) * (1 - warm))  # fmt: skip
    picture = np.ones((len(y), len(x), 3))
    for chance, color in zip(chances, COLORS.values(), strict=True):
        step = np.floor((np.clip(chance, 0.5, 0.999) - 0.5) * 10) / 4
        picture -= 0.19 * step[..., None] * (1 - np.array(to_rgb(color)))
    ax.pcolormesh(np.exp(x), y, picture, shading="nearest", zorder=0, rasterized=True)
    ax.axvline(value_cut, color=style.GRAY, lw=0.9, ls=(0, (4, 3)), zorder=1)
    ax.axhline(warm_cut, color=style.GRAY, lw=0.9, ls=(0, (4, 3)), zorder=1)


def _captions(ax: Axes, rated: pd.DataFrame) -> None:
    counts = rated["quadrant"].value_counts()
    for quadrant, (right, top) in CORNERS.items():
        n = int(counts.get(quadrant, 0))
        ax.annotate(
            f"{quadrant}: {n:,}", (right, top), xycoords="axes fraction",
            xytext=(-8 if right else 8, -8 if top else 22), textcoords="offset points",
            ha="right" if right else "left", va="top" if top else "bottom",
            color=style.readable(COLORS[quadrant]), fontsize=11.5, fontweight="bold", zorder=5,
            path_effects=[style.HALO],
        )  # fmt: skip
