"""Figures of chapters 5 and 6: what they draw is in their frames."""

import numpy as np
import pandas as pd
import pytest

from goodlib.decision.balance import over_time, ring
from goodlib.decision.quadrant import QUADRANTS
from goodlib.report.figures import comparison, goods, style


def customers(n=12):
    random = np.random.default_rng(1)
    frame = pd.DataFrame({"residual_value": random.lognormal(8, 1.5, n)})
    frame["residual_value_lower_80"] = frame["residual_value"] / 2
    frame["residual_value_upper_80"] = frame["residual_value"] * 2
    frame["relationship"] = random.normal(size=n)
    frame["relationship_lower_80"] = frame["relationship"] - 0.5
    frame["relationship_upper_80"] = frame["relationship"] + 0.5
    frame["quadrant"] = [*QUADRANTS, "undecided", "unknown"] * (n // 6)
    frame["p_quadrant"] = 0.8
    frame["name"] = [f"Customer {i}" for i in range(n)]
    frame["told"] = ["matters", "strained", "missed", None, None, None] * (n // 6)
    return frame


def written(ax):
    return " ".join(text.get_text().replace("\n", " ") for text in ax.texts)


def efforts():
    random = np.random.default_rng(1)
    days = pd.date_range("2023-01-01", "2025-12-31", freq="5D")
    return pd.DataFrame(
        {
            "customer_id": [f"C{i % 9}" for i in range(len(days))],
            "date": days,
            "good": random.choice(["others", "skill", "you"], len(days)),
            "hours": 4.0,
        }
    )


# Laws


def test_the_main_picture_writes_the_names_it_was_told_and_no_others():
    frame = customers()
    ax = comparison.plot_quadrants(frame, value_cut=3000.0, warm_cut=0.0, currency="EUR")
    for name, told in zip(frame["name"], frame["told"], strict=True):
        assert (f"{name} " in f"{written(ax)} ") == isinstance(told, str), name
    assert "valuable but strained: 2" in written(ax)
    assert "2 customers whom nobody has rated" in ax.get_xlabel()


def test_worthless_customers_stand_on_the_left_edge_of_the_log_axis():
    frame = customers()
    frame.loc[3, ["residual_value", "residual_value_lower_80"]] = 0.0
    ax = comparison.plot_quadrants(frame, value_cut=3000.0, warm_cut=0.0, currency="EUR")
    assert np.isfinite(np.concatenate([c.get_offsets() for c in ax.collections[1:]])).all()
    assert ax.get_xlim()[0] > 0


def test_the_triangle_names_its_corners_and_both_points():
    chosen = {"others": 0.15, "skill": 0.25, "you": 0.60}
    rows = efforts()
    months = over_time(rows, list(chosen.values()), window_months=12, as_of="2025-12-31")
    ax = goods.plot_balance(months, chosen, ring(rows, resamples=50, seed=1))
    for words in ("good for others", "good at it", "good for us", "chosen", "now"):
        assert words in written(ax)


@pytest.mark.parametrize("points", [(0.2, 0.3, 0.5), (1.0, 0.0, 0.0)])
def test_a_share_lies_where_the_triangle_puts_it(points):
    ax = style.axes(subplot_kw={"projection": "ternary"})
    drawn = ax.scatter(*np.array(points)[:, None]).get_offsets()[0]
    assert goods._place(np.array(points)) == pytest.approx(tuple(drawn), abs=1e-9)  # noqa: SLF001


def test_both_lists_are_written_in_their_order():
    frame = pd.DataFrame(
        {
            "name": ["Ada", "Bea", "Cyd"], "money_rank": [1, 2, 3], "good_rank": [1, 3, 2],
            "move": ["stays", "falls", "rises"],
        }
    )  # fmt: skip
    ax = goods.plot_lists(frame, 2)
    left = [t.get_text() for t in ax.texts if t.get_position()[0] < 0]
    right = [t.get_text() for t in ax.texts if t.get_position()[0] > 1]
    assert (left, right) == (["Ada", "Bea"], ["Ada", "Cyd"])


def test_a_good_of_which_nothing_is_known_has_no_panel():
    best = pd.DataFrame({"name": ["Ada", "Ben"]})
    for column, size in (("good_for_others", 0.0), ("good_at_it", 0.0), ("good_for_you", 5.0)):
        best[[column, f"{column}_lower_80", f"{column}_upper_80"]] = size
    units = {"others": "hours", "skill": "engagements", "you": "money"}
    (only,) = goods.plot_goods(best, "GBP", units)
    assert only.get_title(loc="left") == "good for us"
    assert len(goods.plot_goods(best.assign(good_at_it=1.0), "GBP", units)) == 2


def test_columns_of_the_map_that_would_read_alike_keep_what_sets_them_apart():
    columns = ["Public Administration - Health", "Public Administration - Education", "Health"]
    cells = pd.DataFrame({"hours": [1.0, 2.0, 3817.0], "new": False})
    cells.index = pd.MultiIndex.from_product([columns, ["advice"]], names=["industry", "skill"])
    ax = goods.plot_map(cells, "hours")
    heads = [tick.get_text().replace("\n", " ") for tick in ax.get_xticklabels()]
    assert sorted(heads) == ["Health", "…Education", "…Health"]
    assert "3,817" in written(ax)
