"""The figure of tiers in two windows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from goodlib.report.figures import style


def plot_moves(
    moves: pd.DataFrame, luck: pd.DataFrame | None = None, *, ax: Axes | None = None
) -> Axes:
    """Of each tier before (rows) the share that was in each tier after (columns), with counts.

    `luck`: the same counts if nobody had changed; its shares stand below the others.
    """
    ax = style.axes(ax, width=5.8, height=3.4)
    counts = moves.to_numpy(dtype=float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax.imshow(shares, cmap=style.SEQUENTIAL, vmin=0, vmax=1.15, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        color = style.PAPER if share > 0.65 else style.INK
        text = f"{share:.0%}\n{counts[row, column]:,.0f}"
        if luck is not None:
            text += f"\nluck alone {luck.iloc[row, column] / luck.iloc[row].sum():.0%}"
        ax.text(column, row, text, ha="center", va="center", color=color)
    ax.set_xticks(range(len(moves.columns)), moves.columns)
    ax.set_yticks(range(len(moves.index)), moves.index)
    ax.set_xlabel("tier in the last window")
    ax.set_ylabel("tier in the window before")
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    return ax
