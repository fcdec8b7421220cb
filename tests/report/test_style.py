"""Figures: the palette is measured, not believed."""

import io
from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from goodlib.report.figures import style

# Published: Machado, Oliveira & Fernandes (2009), severity 1.0, on linear RGB

DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


def linear(color):
    rgb = np.asarray(to_rgb(color))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIELAB of linear RGB under D65."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.asarray(to_xyz) @ np.clip(rgb, 0, 1) / (0.9505, 1.0, 1.089)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("matrix", DEFICIENCIES.values(), ids=DEFICIENCIES.keys())
def test_colors_keep_apart(matrix):
    seen = [lab(np.asarray(matrix) @ linear(color)) for color in style.CYCLE]
    distances = [np.linalg.norm(a - b) for a, b in combinations(seen, 2)]
    assert min(distances) > 20  # ten just noticeable differences


def test_first_three_keep_apart_on_a_gray_print():
    lightness = sorted(lab(linear(color))[0] for color in style.CYCLE[:3])
    assert min(np.diff(lightness)) > 8


@pytest.mark.parametrize("color", [style.INK, style.MUTED, *map(style.readable, style.CYCLE)])
def test_letters_have_the_contrast_of_wcag_aa(color):
    luminance = float(linear(color) @ (0.2126, 0.7152, 0.0722))
    assert 1.05 / (luminance + 0.05) >= 4.5


# Laws


@pytest.mark.parametrize(
    ("x", "written"), [(0, "0"), (950, "950"), (12_000, "12k"), (1.5e6, "1.5M"), (2e9, "2bn")]
)
def test_compact_numbers(x, written):
    assert style.compact(x) == written


def test_money_axis_writes_currency_and_sign():
    ax = style.axes()
    style.money_axis(ax, "EUR")
    assert ax.yaxis.get_major_formatter()(-12_000) == "−€12k"
    style.money_axis(ax, "CHF", "x")
    assert ax.xaxis.get_major_formatter()(2.5e6) == "CHF 2.5M"


def test_percent_axis_keeps_the_digits_that_matter():
    ax = style.axes()
    style.percent_axis(ax)
    assert [ax.yaxis.get_major_formatter()(x) for x in (0.3, 0.125, 1)] == ["30%", "12.5%", "100%"]


def test_shorten_cuts_at_a_word():
    assert (
        style.shorten("Municipal Water Supply and Waste Services", 28)
        == "Municipal Water Supply and…"
    )
    assert style.shorten("Short name", 28) == "Short name"
    assert len(style.shorten("x" * 100, 28)) == 28


def boxes(ax):
    renderer = ax.figure.canvas.get_renderer()
    return [text.get_window_extent(renderer).extents for text in ax.texts]


def overlaps(found):
    return [
        (a, b)
        for a, b in combinations(found, 2)
        if a[0] < b[2] - 1 and b[0] < a[2] - 1 and a[1] < b[3] - 1 and b[1] < a[3] - 1
    ]


def test_labels_of_lines_that_end_together_do_not_overlap():
    ax = style.axes()
    for number in range(6):
        ax.plot([0, 1], [number, 3 + number / 100], label=f"Group {number}")
    style.label_ends(ax)
    ax.figure.draw_without_rendering()
    assert len(ax.texts) == 6
    assert not overlaps(boxes(ax))


def test_names_of_crowded_points_do_not_overlap_and_none_is_lost():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 40))
    ax = style.axes()
    ax.scatter(x, y)
    names = [f"A client of some length {n}" for n in range(40)]
    left_out = style.label_points(ax, x, y, names)
    assert not overlaps(boxes(ax))
    assert {text.get_text() for text in ax.texts} | set(left_out) == set(names)
    assert len(ax.texts) >= 5


def test_a_name_leaves_the_line_through_its_point_free():
    ax = style.axes()
    ax.set(xlim=(0, 10), ylim=(0, 10))
    ax.scatter([5.0], [5.0])
    assert style.label_points(ax, [5.0], [5.0], ["First"], lines=[[0.0, 5.0, 10.0, 5.0]]) == []
    ax.figure.draw_without_rendering()
    box, height = ax.texts[0].get_window_extent(), ax.transData.transform((0, 5.0))[1]
    assert not box.y0 < height < box.y1


def test_names_of_points_close_together_stand_off_and_are_tied():
    ax = style.axes()
    ax.set(xlim=(0, 10), ylim=(0, 10))
    x, y = [5.0, 5.0, 5.1, 4.9], [5.0, 5.2, 5.1, 5.1]
    ax.scatter(x, y)
    names = ["First of all", "Second", "Third", "Fourth"]
    assert style.label_points(ax, x, y, names, lines=[[0.0, 5.1, 10.0, 5.1]]) == []
    ax.figure.draw_without_rendering()
    assert not overlaps(boxes(ax))
    ties = [line.get_xydata()[0] for line in ax.get_lines() if line.get_label() == "_tie"]
    assert ties
    points = np.column_stack([x, y])
    assert all(np.hypot(*(points - tie).T).min() < 1e-6 for tie in ties)


def test_a_line_to_a_name_that_passes_another_point_is_seen():
    dots = np.array([[0.0, 0.0], [50.0, 1.0], [50.0, 40.0]])
    assert style.passed((0.0, 0.0), (100.0, 0.0), dots) == 1
    assert style.passed((0.0, 0.0), (0.0, 100.0), dots) == 0


def contrast(one, other):
    """Of two colors, WCAG 2."""
    dark, light = sorted(
        float(linear(to_rgb(color)) @ (0.2126, 0.7152, 0.0722)) for color in (one, other)
    )
    return (light + 0.05) / (dark + 0.05)


def test_letters_on_a_color_are_those_that_read_better():
    assert style.letters("white") == style.INK
    assert style.letters(style.SEQUENTIAL(0.95)) == style.PAPER
    for share in np.linspace(0, 1, 21):  # never below the contrast of large letters
        ground = style.SEQUENTIAL(share)
        assert contrast(style.letters(ground), ground) >= 3.0


def test_a_picture_is_the_same_each_time():
    def draw():
        ax = style.axes()
        ax.plot([1, 2, 3])
        return style.png(ax)

    assert draw() == draw()


def opened(picture):
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"), int)


def saved(ax, **options):
    """Axes by matplotlib's own hand."""
    whole = io.BytesIO()
    ax.figure.savefig(whole, format="png", dpi=192, **options)
    return opened(whole.getvalue())


def inked(picture):
    """The picture without the paper around it, which is white."""
    assert (picture[0, 0] == 255).all()
    ink = (picture != 255).any(axis=2)
    down, across = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return picture[down[0] : down[-1] + 1, across[0] : across[-1] + 1]


@pytest.mark.parametrize("place", [(0.5, 0.5), (0.9, 0.5), (0.3, -0.01), (0.3, 0.99)])
def test_nothing_drawn_is_cut_off_and_little_paper_left(place):
    def draw():
        ax = style.axes()
        ax.figure.text(*place, "a long word on the edge")
        return ax

    picture = opened(style.png(draw()))
    whole = inked(saved(draw(), bbox_inches="tight"))
    assert np.abs(np.subtract(inked(picture).shape, whole.shape)).max() <= 2
    ink = (picture != 255).any(axis=2)
    edges = [
        np.argmax(side) for side in (ink.any(1), ink.any(1)[::-1], ink.any(0), ink.any(0)[::-1])
    ]
    assert max(edges) <= 30


def test_paper_stays_white_and_colors_stay_theirs():
    def draw():
        ax = style.axes()
        ax.imshow(np.random.default_rng(1).random((40, 40)), cmap=style.SEQUENTIAL, aspect="auto")
        return ax

    exact, lean = inked(saved(draw())), inked(opened(style.png(draw())))
    assert (lean[(exact == 255).all(axis=2)] == 255).all()
    assert np.abs(lean - exact).mean() < 2.5


# Refusals


def test_axis_is_x_or_y():
    with pytest.raises(ValueError, match="'x' or 'y', got 'z'"):
        style.percent_axis(style.axes(), "z")
