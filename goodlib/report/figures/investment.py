"""Figures of the chapter on where to invest."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from goodlib.report.figures import style


def plot_hours_by_level(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Hours now and planned at each level of service, with the number of people there.

    `table`: one row a level, `level_name`, `hours_now`, `hours`, `candidates_now`, `candidates`.
    """
    ax = style.axes(ax, height=0.75 * len(table) + 1.4)
    rows = np.arange(len(table))[::-1]
    for column, color, shift, label in (
        ("_now", style.GRAY, 0.19, "now"),
        ("", style.BLUE, -0.19, "planned"),
    ):
        hours = table[f"hours{column}"].to_numpy(float)
        ax.barh(rows + shift, hours, height=0.34, color=color, label=label)
        for row, size, people in zip(rows, hours, table[f"candidates{column}"], strict=True):
            note = f" {size:,.0f} h for {people:,.0f}"
            ax.text(size, row + shift, note, va="center", fontsize=9, color=style.MUTED)
    ax.set_yticks(rows, [style.shorten(name, 24) for name in table["level_name"]])
    ax.set_xlabel("hours a month")
    ax.margins(x=0.22)
    ax.set_xlim(left=0)
    ax.grid(visible=False, axis="y")
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    style.count_axis(ax, "x")
    return ax


def plot_moves(moves: pd.DataFrame, names: pd.Series, *, ax: Axes | None = None) -> Axes:
    """How many people move from each level (rows) to each level (columns).

    `moves`: counts, levels now by levels planned; `names`: the name of each level.
    """
    ax = style.axes(ax, width=6.4, height=0.62 * len(moves) + 1.6)
    counts = moves.to_numpy(float)
    stay = np.eye(len(moves), dtype=bool)
    shade = np.where(stay, 0, np.sqrt(counts))
    ax.imshow(shade, cmap=style.SEQUENTIAL, aspect="auto", vmin=0, vmax=max(shade.max() * 1.25, 1))
    for (row, column), count in np.ndenumerate(counts):
        if count:
            dark = shade[row, column] > 0.6 * max(shade.max() * 1.25, 1)
            color = style.PAPER if dark else style.MUTED if row == column else style.INK
            ax.text(column, row, f"{count:,.0f}", ha="center", va="center", color=color)
    labels = [textwrap.fill(style.shorten(names[level], 30), 16) for level in moves.index]
    ax.set_xticks(range(len(labels)), labels)
    ax.set_yticks(range(len(labels)), labels)
    ax.set_xlabel("level in the plan")
    ax.set_ylabel("level now")
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    return ax


def plot_biggest_moves(plan: pd.DataFrame, *, count: int = 20, ax: Axes | None = None) -> Axes:
    """Hours a month now and planned where they rise and fall most; firm moves are filled.

    `plan`: one row a candidate, `name`, `hours_now`, `hours`, `firm`.
    """
    change = plan["hours"] - plan["hours_now"]
    most, least = change[change > 0].nlargest(count // 2), change[change < 0].nsmallest(count // 2)
    shown = plan.loc[[*least.index, *most.index[::-1]]]
    ax = style.axes(ax, height=0.28 * len(shown) + 1.5)
    rows = np.arange(len(shown))
    up = (shown["hours"] >= shown["hours_now"]).to_numpy()
    for way, color, label in ((up, style.BLUE, "more"), (~up, style.ORANGE, "less")):
        ax.hlines(
            rows[way], shown["hours_now"][way], shown["hours"][way], color=color, lw=2, alpha=0.55
        )
        for firm, fill in ((True, color), (False, style.PAPER)):
            pick = way & (shown["firm"] == firm).to_numpy()
            sure = "firm" if firm else "worth a conversation"
            if pick.any():
                ax.scatter(
                    shown["hours"][pick],
                    rows[pick],
                    s=46,
                    color=fill,
                    edgecolor=color,
                    linewidth=1.6,
                    zorder=3,
                    label=f"{label}, {sure}",
                )
    ax.scatter(shown["hours_now"], rows, s=14, color=style.GRAY, zorder=2, label="now")
    new = shown["kind"].eq("prospect") if "kind" in shown else np.zeros(len(shown), bool)
    names = [
        f"{style.shorten(name, 18)} (prospect)" if no_customer else style.shorten(name)
        for name, no_customer in zip(shown["name"], new, strict=True)
    ]
    ax.set_yticks(rows, names)
    ax.set_xlabel("hours a month")
    ax.set_ylim(-0.7, len(shown) - 0.3)
    ax.grid(visible=False, axis="y")
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return ax


def plot_sweep(levels: pd.DataFrame, names: pd.Series, *, ax: Axes | None = None) -> Axes:
    """The level of each candidate under each assumption, darker the more service.

    `levels`: one row a candidate (by name), one column an assumption; `names`: of the levels.
    """
    shown, wide = levels.head(20), levels.shape[1] <= 4
    ax = style.axes(ax, width=8.6, height=(0.32 if wide else 0.44) * len(shown) + 1.6)
    place = np.array([names.index.get_indexer(shown[column]) for column in shown]).T
    shade = 0.75 * place / max(len(names) - 1, 1)
    ax.imshow(shade, cmap=style.SEQUENTIAL, vmin=0, vmax=1, aspect="auto")
    for (i, j), at in np.ndenumerate(place):
        color = "white" if shade[i, j] > 0.6 else style.INK
        word = textwrap.fill(style.shorten(names.iloc[at], 22), 24 if wide else 12)
        ax.text(j, i, word, ha="center", va="center", fontsize=9 if wide else 8.5, color=color)
    ax.set_xticks(range(shown.shape[1]), list(shown.columns))
    ax.set_yticks(range(len(shown)), [style.shorten(name, 28) for name in shown.index])
    ax.spines[:].set_visible(False)
    ax.grid(visible=False)
    return ax


def plot_response(services: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """The share of each good that a level of service is assumed to bring."""
    ax = style.axes(ax, height=3.4)
    hours = services["hours"].to_numpy(float)
    for good, label, color in (
        ("others", "good for others", style.TEAL),
        ("skill", "good at it", style.ORANGE),
        ("you", "good for us", style.BLUE),
    ):
        ax.plot(hours, services[f"response_{good}"], marker="o", color=color, label=label)
    ax.set_xscale("symlog", linthresh=max(hours[hours > 0].min(), 0.1))
    heads = [textwrap.fill(style.shorten(name, 34), 18) for name in services["name"]]
    ax.set_xticks(hours, [f"{head}\n{h:g} h" for head, h in zip(heads, hours, strict=True)])
    ax.set_xticks([], minor=True)
    ax.tick_params(axis="x", pad=9)  # clear of the 0% of the other axis
    ax.set_ylim(0, None)
    ax.set_xlabel("level of service and its hours a month")
    ax.set_ylabel("share of the good it brings")
    style.percent_axis(ax)
    style.label_ends(ax)
    return ax
