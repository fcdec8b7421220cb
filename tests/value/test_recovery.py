"""Simulate with known truth and recover it: a small seeded part of docs/recovery.md."""

import sys
from pathlib import Path

import pytest

import goodlib

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
import recovery

# Laws


@pytest.mark.parametrize(
    ("model", "k"), [(goodlib.NBD, 1), (goodlib.ParetoNBD, 1), (goodlib.BetaGeoNBD, 2)]
)
def test_intervals_hold_what_made_the_data(model, k):
    """95 % intervals of 20 data sets: 4 dependent parameters each, so .85 of them is the floor."""
    table = recovery.recovery(model, k, sets=20, customers=600, intervals=("wald",))
    table = table[~table["problems"]]
    assert table["wald"].mean() > 0.85
    error = 125 * table["sd"] / 20**0.5  # of a median of 20, in %
    assert (table["bias"].abs() < 3 * error).all()


def test_the_profile_holds_what_standard_errors_miss():
    """MBG/NBD's r: 15 data sets, of which Wald's intervals miss two that the profile holds."""
    model = goodlib.ModifiedBetaGeoNBD
    table = recovery.recovery(model, 1, sets=15, customers=400, intervals=("wald", "profile"))
    assert table["profile"].mean() >= table["wald"].mean()
    assert table["profile"].mean() > 0.88


@pytest.mark.parametrize("model", [goodlib.ParetoNBD, goodlib.BetaGeoNBD])
def test_the_prior_carries_thirty_clients(model):
    """Who is still a client, and what comes next year, of ten firms with 30 clients each."""
    table = recovery.small_base(model, sets=10).set_index("quantity")
    assert (table["refused"] == 0).all()
    for quantity in ("clients active", "purchases next year"):
        row = table.loc[quantity]
        assert row["95 %"] >= 0.7
        assert row["posterior median"] == pytest.approx(row["true"], rel=0.25)
        assert row["width of 95 %"] < 2.0
