"""Figures of the chapter on tomorrow's best: what they draw follows what there is to see."""

import numpy as np
import pandas as pd
import pytest

from goodlib.report.figures import future as figures


def best(size):
    chance = np.linspace(0.99, 0.3, size)
    name = [f"customer {n}" for n in range(size)]
    return pd.DataFrame({"name": name, "p_top": chance, "top_today": np.arange(size) % 99 != 40})


def test_a_short_list_has_every_name_and_a_long_one_is_drawn_as_a_whole():
    short = figures.plot_best(best(30))
    assert len(short.get_yticklabels()) == 30
    frame = best(400)
    known, new = figures.plot_best(frame).containers
    width = [bar.get_width() for bar in known]
    assert sum(width) == 400
    area = {who: sum(bar.get_width() * bar.get_height() for bar in bars) for who, bars in
            ((True, known), (False, new))}  # fmt: skip
    assert area == pytest.approx(frame.groupby("top_today")["p_top"].sum().to_dict())


def test_ranks_are_drawn_as_far_as_they_reach():
    movers = pd.DataFrame(
        {"name": ["A", "B"], "move": ["riser", "fader"], "p_top": [0.8, 0.3]}
        | {"rank_today": [3000.0, 400.0], "place": [500.0, 2600.0]}
        | {"expected_rank_lower_80": [250.0, 900.0], "expected_rank_upper_80": [2900.0, 9000.0]}
    )
    ax = figures.plot_movers(movers, size=2400)
    last, first = ax.get_xlim()
    assert 200 < first < 250
    assert 9000 < last < 11_000
    assert [int(tick) for tick in ax.get_xticks()] == [500, 1000, 2000, 5000, 10_000]


@pytest.mark.parametrize(
    ("leveled", "seasonal", "labels"),
    [
        (True, True, ["counted", "level", "expected", "80% range", "season"]),
        (True, False, ["counted", "level", "expected", "80% range"]),
        (False, True, ["counted", "season"]),
        (False, False, ["counted"]),
    ],
)
def test_the_legend_names_what_is_drawn_and_stands_outside(leveled, seasonal, labels):
    months = pd.date_range("2020-01-01", periods=24, freq="MS")
    curve = pd.DataFrame(
        {"month": months, "season": 1.0, "level": 1.0, "actual": 9.0, "expected": 10.0}
    )
    curve = curve.assign(
        level_ahead=1.1,
        level_ahead_lower_80=0.9,
        level_ahead_upper_80=1.3,
        level_ahead_until=pd.Timestamp("2022-12-31"),
    )
    axes = figures.plot_calendar(curve, seasonal=seasonal, leveled=leveled)
    (legend,) = axes[0].figure.legends
    assert [text.get_text() for text in legend.get_texts()] == labels
    assert axes[0].get_legend() is None


def test_methods_without_any_hit_rate_are_not_drawn():
    table = pd.DataFrame({"method": ["combination"], "hit_rate": [np.nan]})
    ax = figures.plot_methods(table, pd.Series(dtype=str), share=0.1)
    assert [text.get_text() for text in ax.texts] == ["nobody bought: nothing to draw"]
