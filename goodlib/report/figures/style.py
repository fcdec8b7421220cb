"""The hand all figures are drawn with: one palette, quiet axes, money and dates in plain writing.

The colors keep apart for readers with a color-blindness and, three at a time, on a gray print
(tests/report/test_style.py measures both). A figure is drawn on white paper; the report turns its
lightness over, hue kept, for readers who prefer dark, so nothing here knows about dark mode.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from itertools import product
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib import dates, patheffects, ticker
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.figure import Figure

from goodlib.report.words import SYMBOLS

INK, MUTED, GRID, PAPER = "#1d2433", "#5c6474", "#e3e6eb", "#ffffff"
BLUE, ORANGE, TEAL, RED = "#1f5a96", "#e8960c", "#35a28f", "#b5322f"
PURPLE, SKY, GRAY = "#a160f2", "#8cc0e6", "#a7adb8"
CYCLE = (BLUE, ORANGE, TEAL, RED, PURPLE, SKY)
"""For groups without order; take them from the front."""
SEQUENTIAL = LinearSegmentedColormap.from_list(
    "goodlib", ["#f4f7fb", "#bcd6ec", "#6fa6d2", BLUE, "#0e2f55"]
)
"""For little to much."""
DIVERGING = LinearSegmentedColormap.from_list(
    "goodlib_diverging", ["#a84f05", ORANGE, "#f7f4ee", "#6fa6d2", BLUE]
)
"""For below to above, the middle pale: orange to blue."""

WIDTH, HEIGHT = 7.5, 4.2
"""Inches of a figure that fills the report's column."""
DPI = 192
"""Two pixels of a picture for one of the page."""


def use() -> None:
    """Sets matplotlib's defaults to the house's; `axes()` does it by itself."""
    mpl.rcParams.update(
        {
            "figure.figsize": (WIDTH, HEIGHT),
            "figure.facecolor": PAPER,
            "figure.dpi": 100,
            "savefig.facecolor": PAPER,
            "font.family": ["DejaVu Sans"],
            "font.size": 11,
            "text.color": INK,
            "axes.labelsize": 11,
            "axes.labelcolor": INK,
            "axes.labelpad": 7,
            "axes.titlesize": 11.5,
            "axes.titlelocation": "left",
            "axes.titlepad": 10,
            "axes.edgecolor": GRAY,
            "axes.linewidth": 0.8,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.prop_cycle": cycler(color=CYCLE),
            "axes.unicode_minus": True,
            "grid.color": GRID,
            "grid.linewidth": 0.8,
            "xtick.color": MUTED,
            "ytick.color": MUTED,
            "xtick.labelsize": 10,
            "ytick.labelsize": 10,
            "xtick.major.size": 0,
            "ytick.major.size": 0,
            "xtick.minor.size": 0,
            "ytick.minor.size": 0,
            "lines.linewidth": 2.2,
            "lines.solid_capstyle": "round",
            "patch.linewidth": 0,
            "scatter.edgecolors": "none",
            "legend.frameon": False,
            "legend.fontsize": 10,
            "image.cmap": "goodlib",
        }
    )


for _colormap in (SEQUENTIAL, DIVERGING):
    mpl.colormaps.register(_colormap, force=True)


def axes(
    ax: Axes | None = None,
    *,
    width: float = WIDTH,
    height: float = HEIGHT,
    rows: int = 1,
    columns: int = 1,
    **options: Any,
) -> Any:
    """The Axes given, or new ones of `width` by `height` inches in the house's style.

    A new figure does not go through pyplot: nothing shows it by itself and nothing keeps it alive.
    With more rows or columns it is an array of Axes; `options` go to `Figure.subplots`.
    """
    if ax is not None:
        return ax
    use()
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.subplots(rows, columns, **options)


def png(drawn: Any) -> bytes:
    """The picture of Axes (or an array of them, or a Figure), two pixels for one, then closed."""
    first = np.asarray(drawn, dtype=object).flat[0]
    figure = getattr(first, "figure", first)
    lean = _lean(_inked(figure))
    figure.clear()
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(figure)
    return lean


def _inked(figure: Figure) -> Any:
    """The image of a figure, cut to a tenth of an inch around its ink.

    It is drawn once and cut; only where something stands beyond the edge matplotlib draws it again,
    as large as it needs.
    """
    from PIL import Image, ImageChops

    figure.set_dpi(DPI)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    if _reaches_beyond(figure, canvas.get_renderer()):
        whole = io.BytesIO()
        figure.savefig(whole, format="png", dpi=DPI, bbox_inches="tight")
        return Image.open(whole).convert("RGB")
    wide, high = canvas.get_width_height()
    image = Image.frombuffer("RGBA", (wide, high), canvas.buffer_rgba()).convert("RGB")
    paper = Image.new("RGB", image.size, image.getpixel((0, 0)))
    left, top, right, low = ImageChops.difference(image, paper).getbbox() or (0, 0, wide, high)
    pad = DPI // 10
    return image.crop(
        (max(left - pad, 0), max(top - pad, 0), min(right + pad, wide), min(low + pad, high))
    )


def _reaches_beyond(figure: Figure, renderer: Any) -> bool:
    """Whether something written stands beyond the edge; the layout holds Axes and legends inside.

    Too many labels for its size make the layout give up, so those on the axes are looked at too.
    """
    written = [*figure.texts]
    for ax in figure.axes:
        written += [*ax.texts, ax.title, ax.xaxis.label, ax.yaxis.label]
    boxes = [text.get_window_extent(renderer) for text in written if text.get_text()]
    low = min((min(box.x0, box.y0) for box in boxes), default=0)
    wide, high = figure.bbox.width, figure.bbox.height
    return low < 0 or any(box.x1 > wide or box.y1 > high for box in boxes)


def _lean(image: Any) -> bytes:
    """A PNG with 256 colors of the picture's own: fewer bytes, no difference to the eye.

    Every ninth pixel is enough to find the colors. Pillow matches them to within four of 255
    steps; the paper is set back to its own, for it must not show against the page.
    """
    from PIL import Image

    sample = image.resize((image.width // 3, image.height // 3), Image.Resampling.NEAREST)
    colors = sample.quantize(256, method=Image.Quantize.MEDIANCUT)
    flat = image.quantize(palette=colors, dither=Image.Dither.NONE)
    palette = np.array(flat.getpalette(), dtype=np.uint8).reshape(-1, 3)
    palette[np.asarray(flat)[0, 0]] = np.asarray(image)[0, 0]
    flat.putpalette(palette.tobytes())
    lean = io.BytesIO()
    flat.save(lean, format="png")
    return lean.getvalue()


# what stands on an axis


def nothing(ax: Axes, why: str) -> Axes:
    """Empty axes that say why."""
    ax.text(0.5, 0.5, why, ha="center", va="center", color=MUTED, transform=ax.transAxes)
    ax.set_axis_off()
    return ax


def money_axis(ax: Axes, currency: str, which: str = "y") -> None:
    """Writes an axis as money: $0, $50k, $1.5M."""
    symbol = SYMBOLS.get(currency, f"{currency} " if currency else "")
    _axis(ax, which).set_major_formatter(
        ticker.FuncFormatter(lambda x, _: _signed(x, lambda size: f"{symbol}{compact(size)}"))
    )


def percent_axis(ax: Axes, which: str = "y") -> None:
    """Writes an axis of shares (0 to 1) as percentages."""

    def write(x: float, _: object) -> str:
        return _signed(x, lambda size: f"{100 * size:.10g}%")

    _axis(ax, which).set_major_formatter(ticker.FuncFormatter(write))


def count_axis(ax: Axes, which: str = "y") -> None:
    """Writes an axis of whole things: 0, 500, 1,000; no half customers."""
    axis = _axis(ax, which)
    if axis.get_scale() == "linear":
        axis.set_major_locator(ticker.MaxNLocator(nbins=7, integer=True, min_n_ticks=3))
    axis.set_major_formatter(
        ticker.FuncFormatter(lambda x, _: _signed(x, lambda size: f"{size:,.10g}"))
    )


def date_axis(ax: Axes, which: str = "x") -> None:
    """Writes an axis of dates: years, and months where there is room."""
    locator = dates.AutoDateLocator(minticks=4, maxticks=8)
    axis = _axis(ax, which)
    axis.set_major_locator(locator)
    axis.set_major_formatter(
        dates.ConciseDateFormatter(
            locator,
            formats=["%Y", "%b", "%d %b", "%H:%M", "%H:%M", "%S.%f"],
            zero_formats=["", "%Y", "%b", "%d %b", "%H:%M", "%H:%M"],
            show_offset=False,
        )
    )


def compact(x: float) -> str:
    """A number of zero or more in few signs: 950, 12k, 1.5M, 2bn."""
    for size, sign in ((1e12, "tn"), (1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if x >= size:
            return f"{x / size:.3g}{sign}"
    return f"{x:.3g}"


def shorten(name: object, length: int = 28) -> str:
    """A name in at most `length` signs, cut at a word where one is near: "Municipal Water…"."""
    text = " ".join(str(name).split())
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    word = cut.rfind(" ")
    return (cut[:word] if word > length * 0.6 else cut).rstrip(" ,;.-(") + "…"


# names beside what they name


def label_ends(ax: Axes, labels: Sequence[str] | None = None, pad: float = 6, **text: Any) -> None:
    """Writes each line's label beside its last point, in its color, spread so that none overlap."""
    lines = [line for line in ax.get_lines() if not line.get_label().startswith("_")]
    if labels is None:
        labels = [line.get_label() for line in lines]
    points = [np.asarray(line.get_xydata(), dtype=float) for line in lines]
    ends = [xy[np.isfinite(xy).all(axis=1)][-1] for xy in points]
    _lay_out(ax.figure)
    heights = ax.transData.transform(np.asarray(ends))[:, 1]
    places = _spread(heights, 1.35 * text.get("fontsize", 10) * ax.figure.dpi / 72)
    for line, label, end, height, place in zip(lines, labels, ends, heights, places, strict=True):
        ax.annotate(
            label,
            end,
            xytext=(pad, (place - height) * 72 / ax.figure.dpi),
            textcoords="offset points",
            va="center",
            annotation_clip=False,
            **({"fontsize": 10, "color": readable(line.get_color())} | text),
        )


def label_points(
    ax: Axes, x: Sequence[float], y: Sequence[float], labels: Sequence[object], *,
    gap: float = 8.0, lines: np.ndarray | None = None, **text: Any,
) -> list[str]:  # fmt: skip
    """Writes names beside points, the first ones first, so that no name covers another.

    Of the free places around a point, `gap` pixels away, the one that covers the fewest other
    points is taken. With `lines` (rows of x, y, x, y: what else is drawn) few of those are crossed
    too, and a name may stand farther off, tied to its point by a thin line. Returns the labels that
    found no place and are not written. Call it when limits and scales are set.
    """
    _lay_out(ax.figure)
    renderer = ax.figure.canvas.get_renderer()
    frame = ax.get_window_extent(renderer).extents
    named = ax.transData.transform(np.column_stack([x, y]).astype(float))
    dots = np.vstack([named, *(_dots(ax, drawn) for drawn in ax.collections)])
    style = {"fontsize": 9, "color": INK, "path_effects": [HALO]} | text
    near = max(3.0, gap - 5.0)
    taken: list[Sequence[float]] = [(a - near, b - near, a + near, b + near) for a, b in named]
    crossed = np.empty((0, 4))
    steps: tuple[float, ...] = (1.0,)
    if lines is not None:
        ends = ax.transData.transform(np.asarray(lines, dtype=float).reshape(-1, 2)).reshape(-1, 4)
        crossed = np.column_stack(
            [np.minimum(ends[:, :2], ends[:, 2:]), np.maximum(ends[:, :2], ends[:, 2:])]
        )
        steps = (1.0, 2.2, 3.6)
    left_out = []
    for (a, b), label in zip(named, labels, strict=True):
        note = ax.annotate(str(label), ax.transData.inverted().transform((a, b)), **style)
        wide, high = note.get_window_extent(renderer).size
        best, fewest, tied = None, np.inf, False
        for step, (dx, dy) in product(steps, PLACES):
            left = a + dx * gap * step + (dx - 1) / 2 * wide
            low = b + dy * (gap - 1) * step + (dy - 1) / 2 * high
            box = (left, low, left + wide, low + high)
            inside = frame[0] <= box[0] and frame[1] <= box[1] and box[2] <= frame[2]
            if not inside or box[3] > frame[3] or any(_overlap(box, other) for other in taken):
                continue
            covered = float(np.all((dots > box[:2]) & (dots < box[2:]), axis=1).sum()) + 0.4 * (
                step - 1
            )
            over = np.all((crossed[:, :2] < box[2:]) & (crossed[:, 2:] > box[:2]), axis=1)
            covered += 0.6 * over.sum()
            if lines is not None:  # a name is read as that of the nearest point
                end = np.clip((a, b), box[:2], box[2:])
                apart = np.hypot(*(named - np.clip(named, box[:2], box[2:])).T)
                covered += 1.5 * np.sum(apart < np.hypot(*(end - (a, b))))
                covered += 2.0 * passed((a, b), end, dots) * (step > 1)
            if covered < fewest:
                best, fewest, tied = box, covered, step > 1
        if best is None:
            note.remove()
            left_out.append(str(label))
        else:
            taken.append(best)
            points = (np.asarray(best[:2]) - (a, b)) * 72 / ax.figure.dpi
            note.set(position=tuple(points))
            note.set_anncoords("offset points")
            if tied:
                _tie(ax, (a, b), best)
    return left_out


def passed(start: Sequence[float], end: Sequence[float], dots: np.ndarray) -> int:
    """How many points other than its own a line from `start` to `end` would seem to lead to."""
    way = np.subtract(end, start)
    along = np.clip((dots - start) @ way / max(float(way @ way), 1e-9), 0.0, 1.0)
    apart = np.hypot(*(dots - start - along[:, None] * way).T)
    own = np.hypot(*(dots - start).T) < 0.5
    return int(np.sum((apart < 6.0) & ~own))


def _tie(ax: Axes, point: tuple[float, float], box: Sequence[float]) -> None:
    """A thin line from a point to the nearest spot of its name's box, both in pixels."""
    ends = np.array([point, np.clip(point, box[:2], box[2:])])
    ax.plot(*ax.transData.inverted().transform(ends).T, color=INK, lw=0.6, label="_tie", zorder=2.5)


def _lay_out(figure: Figure) -> None:
    """Puts Axes where they will stand, so that what is measured on them is what is drawn."""
    if layout := figure.get_layout_engine():
        layout.execute(figure)
    else:
        figure.draw_without_rendering()


def readable(color: Any) -> str:
    """The color, as much darker as letters on white paper need (a contrast of 4.5)."""
    rgb = np.asarray(to_rgb(color))
    while 1.05 / (_luminance(rgb) + 0.05) < 4.5:
        rgb = rgb * 0.95
    return to_hex(rgb)


def letters(ground: Any) -> str:
    """Ink or paper, whichever reads better on this color."""
    light = _luminance(np.asarray(to_rgb(ground))) + 0.05
    dark = _luminance(np.asarray(to_rgb(INK))) + 0.05
    return INK if light / dark > 1.05 / light else PAPER


def _luminance(rgb: np.ndarray) -> float:
    """Relative luminance of WCAG 2."""
    linear = np.where(rgb <= 0.03928, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def _dots(ax: Axes, drawn: Any) -> np.ndarray:
    """Where a scatter's points are, in pixels; nothing for other things drawn."""
    if not isinstance(drawn, PathCollection):
        return np.empty((0, 2))
    return ax.transData.transform(np.ma.filled(drawn.get_offsets(), np.nan).astype(float))


PLACES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
"""Right, left, above, below, corners."""
HALO = patheffects.withStroke(linewidth=2.5, foreground=PAPER)
"""A white edge that keeps letters readable over points and lines."""


def _spread(heights: np.ndarray, step: float) -> np.ndarray:
    """The heights moved as little as keeps them `step` apart: pooled groups around their means."""
    order = np.argsort(heights, kind="stable")
    groups: list[tuple[float, int]] = []  # center, size
    for height in heights[order]:
        center, size = float(height), 1
        while groups and center - step * size / 2 < groups[-1][0] + step * groups[-1][1] / 2:
            other, n = groups.pop()
            center, size = (center * size + other * n) / (size + n), size + n
        groups.append((center, size))
    places = np.empty(len(heights))
    spread = [c + step * (i - (n - 1) / 2) for c, n in groups for i in range(n)]
    places[order] = spread
    return places


def _overlap(a: Sequence[float], b: Sequence[float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _signed(x: float, write: Any) -> str:
    return ("−" if x < 0 else "") + write(abs(x))


def _axis(ax: Axes, which: str) -> Any:
    if which not in ("x", "y"):
        message = f"which must be 'x' or 'y', got {which!r}."
        raise ValueError(message)
    return ax.xaxis if which == "x" else ax.yaxis
