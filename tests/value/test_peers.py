"""Answers of lifetimes 0.11.3 to the same histories at the same parameters, to ten digits."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import goodlib
from goodlib.value.discrete import BetaGeoBetaBinomial

HERE = Path(__file__).parent / "peers"
PARAMS = {
    "BetaGeoNBD": [0.243, 4.414, 0.793, 2.426],
    "ModifiedBetaGeoNBD": [0.525, 6.183, 0.891, 1.614],
    "ParetoNBD": [0.5534, 10.5802, 0.6061, 11.6562],
}


@pytest.fixture(scope="module")
def answers():
    return pd.read_csv(HERE / "lifetimes.csv").set_index(["model", "quantity"])


@pytest.fixture(scope="module")
def rows():
    """Twenty-five histories, in weeks."""
    days = pd.read_csv(HERE / "histories.csv")
    columns = {"recency": days["recency_days"] / 7, "T": days["T_days"] / 7}
    return days[["frequency"]].assign(**columns)


# Oracle


@pytest.mark.parametrize("name", list(PARAMS))
def test_answers_are_those_of_lifetimes(name, answers, rows):
    fit = getattr(goodlib, name)(rows).fit().at(PARAMS[name])
    theirs = answers.loc[name]
    np.testing.assert_allclose(fit.p_alive(rows), theirs.loc["p_alive", "value"], rtol=1e-9)
    for t, values in theirs.loc["expected"].groupby("t")["value"]:
        np.testing.assert_allclose(fit.expected_purchases(t, rows), values, rtol=1e-9)
    for t, values in theirs.loc["expected_new"].groupby("t")["value"]:
        assert fit.expected_purchases_new(t) == pytest.approx(values.iloc[0], rel=1e-9)


def test_chances_are_those_of_lifetimes(answers, rows):
    fit = goodlib.ParetoNBD(rows).fit().at(PARAMS["ParetoNBD"])
    groups = answers.loc[("ParetoNBD", "chance")].groupby(["n", "t"])["value"]
    assert len(groups) == 3
    for (n, t), values in groups:
        np.testing.assert_allclose(fit.p_purchases(n, t, rows)[n], values, rtol=2e-8)
    for name in ("BetaGeoNBD", "ModifiedBetaGeoNBD"):
        fit = getattr(goodlib, name)(rows).fit().at(PARAMS[name])
        values = answers.loc[(name, "chance_new"), "value"]
        np.testing.assert_allclose(fit.p_purchases_new(list(range(5)), 2), values, rtol=1e-9)


def test_donors_answers_are_those_of_lifetimes(answers):
    """Its P(alive) after t more chances is ours at the next, times the chance to stay t - 1."""
    cells = [(0, 0, 6), *((x, last, 6) for last in range(1, 7) for x in range(1, last + 1))]
    rows = pd.DataFrame(cells, columns=["frequency", "recency", "n"])
    fit = BetaGeoBetaBinomial(rows).fit().at([1.2035, 0.7497, 0.6567, 2.7834])
    theirs = answers.loc["BetaGeoBetaBinomial"]
    for t in (1, 3, 6):
        at = theirs[theirs["t"] == t]["value"]
        np.testing.assert_allclose(fit.expected_purchases(t, rows), at.loc["expected"], rtol=1e-9)
        step = np.arange(1, t)
        stay = np.prod((2.7834 + 6 + step) / (0.6567 + 2.7834 + 6 + step))
        np.testing.assert_allclose(fit.p_alive(rows) * stay, at.loc["p_alive"], rtol=1e-9)
