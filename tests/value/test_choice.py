"""Which calendar is used: the history's own earlier days decide, and say so."""

import numpy as np
import pandas as pd
import pytest

from goodlib import forecast
from goodlib.value import choice
from goodlib.value.choice import CALENDARS, choose_calendar, fit_clock
from goodlib.value.feature import Past

START = pd.Timestamp("2012-01-01")


def firm(pace, rng, customers=160, years=7):
    """Customers who come in over the years and buy every two months or so at the base's pace."""
    days = np.arange(int(365.25 * years))
    clock = np.cumsum(pace(days / 365.25))
    rows = []
    for number in range(customers):
        now = int(rng.integers(0, days[-1] * 0.85))
        rate = rng.gamma(2.0, 1 / 120)
        while now < len(days):
            rows.append((f"C{number:03}", START + pd.Timedelta(days=int(now)), 100.0))
            if rng.random() < 0.06:
                break
            now = int(np.searchsorted(clock, clock[now] + max(rng.exponential(1 / rate), 1.0)))
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    return Past(frame.drop_duplicates(["customer_id", "date"])), START + pd.Timedelta(
        int(days[-1]), "D"
    )


# Laws


def test_a_level_that_rose_and_stayed_is_kept(rng):
    past, end = firm(lambda year: 1 + 1.2 / (1 + np.exp(-3 * (year - 3.5))), rng)
    found = choose_calendar(past, end, 52, "W")
    assert found.allowed == found.kind == "both"
    assert found.why.startswith("tried at two earlier days, this foretold the total")
    worst = found.tried.groupby("kind")["score"].sum()
    assert worst["both"] > worst.min() - 2


def test_a_level_that_misled_twice_is_left_out_and_once_is_luck(rng, monkeypatch):
    """Errors of the log total as planted: with the level .6 too high, without it right."""
    past, end = firm(lambda year: 1 + 1.2 / (1 + np.exp(-3 * (year - 3.5))), rng)
    wrong = 0.6

    def judged(clock, *_):
        leveled = clock.calendar.kind in ("level", "both")
        return {"error": wrong if leveled else 0.0, "variance": 0.09}

    monkeypatch.setattr(choice, "_judge", judged)
    found = choose_calendar(past, end, 52, "W")
    assert found.kind in ("none", "season")
    assert found.why == "tried at two earlier days, what is left out would have made totals worse"
    assert "told by this history, yet foretold totals worse at earlier days" in found.reason
    assert found.tried.groupby("kind")["score"].sum()["both"] == pytest.approx(-4.0)
    wrong = 0.3  # within how far the base may wander: no reason to leave it out
    assert choose_calendar(past, end, 52, "W").kind == "both"


def test_a_short_history_is_decided_by_its_gates(rng):
    past, end = firm(lambda year: 1 + 0.4 * np.sin(2 * np.pi * year), rng, 260, years=3.2)
    found = choose_calendar(past, end, 52, "W")
    assert found.kind == found.allowed
    assert found.tried.empty
    assert found.why == "the history is too short to try this at an earlier day"


def test_a_calendar_asked_for_is_used_as_far_as_it_is_told(rng):
    past, end = firm(lambda year: 1 + 0.4 * np.sin(2 * np.pi * year), rng)
    options = {"horizon": 26, "unit": "W", "draws": 100, "seed": 1, "model": "BG/NBD"}
    for kind in ("none", "season"):
        found = forecast(past, end, calendar=kind, **options)
        assert found.fit.calendar.kind == kind
        assert found.choice is None
    assert fit_clock(past, end, "W", "BG/NBD", "season").calendar is found.fit.calendar


# Refusals


def test_a_calendar_has_a_known_name(rng):
    past, end = firm(lambda year: 1 + 0 * year, rng, 40, years=3)
    with pytest.raises(ValueError, match=r"one of none, season, level, both, auto: got 'monthly'"):
        forecast(past, end, 26, "W", 100, 1, calendar="monthly")
    assert CALENDARS[-1] == "auto"
