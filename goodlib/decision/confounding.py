"""Is the association between value and relationship one of its own, or made by something else?

Long-standing customers have bought more and are known better; so value and relationship may go
together over all customers and not at all among those of equal tenure.
"""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.miscmodels.ordinal_model import OrderedModel

from goodlib.decision.association import pairs

SMALLEST = 8
"""Groups with fewer customers are counted, not judged."""


def tenure(summary: pd.DataFrame, periods_per_year: float) -> pd.Series:
    """How long each customer has been one, in three classes of about equal size."""
    years = (summary["T"] / periods_per_year).rename("tenure")
    cuts = np.unique(years.quantile([1 / 3, 2 / 3]).round(1))
    names = [f"customer for up to {cuts[0]:g} years"]
    names += [f"for {a:g} to {b:g} years" for a, b in pairwise(cuts)]
    names += [f"for more than {cuts[-1]:g} years"]
    return pd.cut(years, [-np.inf, *cuts, np.inf], labels=names)


def within(value: pd.Series, relationship: pd.Series, groups: pd.Series) -> pd.DataFrame:
    """Kendall's tau-b of value and relationship over all customers and within each group.

    Parameters
    ----------
    value, relationship, groups : Series of the same customers
        Larger is better in the first two.

    Returns
    -------
    DataFrame, one row a group, "all customers" first and "within groups" second
        `n`, `tau_b`, `lower_95`, `upper_95` by Fisher's z with Fieller, Hartley & Pearson's (1957)
        variance; "within groups" is the mean of the groups, weighted by the inverse of that
        variance. A group of fewer than SMALLEST customers, or one without any difference, has no
        tau.
    """
    rows = {"all customers": _tau(value, relationship)}
    each = {
        str(name): _tau(value[part.index], relationship[part.index])
        for name, part in groups.groupby(groups, observed=True, sort=True)
    }
    frame = pd.DataFrame(rows | each, index=["n", "tau_b", "z", "variance"]).T
    inner = frame.iloc[1:].dropna()
    weight = 1 / inner["variance"]
    pooled = [inner["n"].sum(), np.nan, np.nan, np.nan]
    if len(inner):
        z = float((weight * inner["z"]).sum() / weight.sum())
        pooled = [inner["n"].sum(), np.tanh(z), z, 1 / weight.sum()]
    frame = pd.concat(
        [frame.iloc[:1], pd.DataFrame([pooled], ["within groups"], frame.columns), frame.iloc[1:]]
    )
    half = stats.norm.ppf(0.975) * np.sqrt(frame["variance"])
    frame["lower_95"], frame["upper_95"] = np.tanh(frame["z"] - half), np.tanh(frame["z"] + half)
    frame["n"] = frame["n"].astype(int)
    return frame[["n", "tau_b", "lower_95", "upper_95"]].rename_axis("group")


def partial_rank(
    value: pd.Series, relationship: pd.Series, covariates: pd.DataFrame, classes: int = 10
) -> pd.Series:
    """The rank correlation of value and relationship with the covariates held fixed.

    Both sides are regressed on the covariates by cumulative probit (statsmodels' OrderedModel, on
    `classes` ordered classes), and their probability-scale residuals P(Y* < y) - P(Y* > y) are
    correlated: Liu, Li, Wanga & Shepherd (2018). Only order counts, so no outlier and no unit does.

    Parameters
    ----------
    value, relationship : Series of n customers
    covariates : DataFrame of the same customers
        Numbers; text and categories become indicator columns. Rows must be complete.
    classes : int
        Into how many classes of equal size each side is cut.

    Returns
    -------
    Series: `overall` and `partial` rank correlation, each with `_lower_95` and `_upper_95`, and
    `n`.
    """
    missing = covariates.isna().any(axis=1)
    if missing.any():
        message = (
            f"Covariates must be complete: {missing.sum():,} of {len(covariates):,} customers "
            "lack one "
            f"(first: {covariates.index[missing][0]!r}). Leave these customers out."
        )
        raise ValueError(message)
    design = _design(covariates)
    overall = float(stats.spearmanr(value, relationship).statistic)
    residuals = [_residuals(side, design, classes) for side in (value, relationship)]
    partial = float(np.corrcoef(residuals)[0, 1]) if design.shape[1] else overall
    n, found = len(value), {"n": float(len(value))}
    for name, r, used in (("overall", overall, 0), ("partial", partial, design.shape[1])):
        half = stats.norm.ppf(0.975) * np.sqrt(1 / max(n - used - 3, 1))
        found[name] = r
        found[f"{name}_lower_95"] = float(np.tanh(np.arctanh(r) - half))
        found[f"{name}_upper_95"] = float(np.tanh(np.arctanh(r) + half))
    return pd.Series(found, name="rank_correlation")


def _tau(value: pd.Series, relationship: pd.Series) -> list[float]:
    n = len(value)
    tau = pairs(value.to_numpy(), relationship.to_numpy()).tau_b if n >= SMALLEST else np.nan
    if not np.isfinite(tau):
        return [n, np.nan, np.nan, np.nan]
    return [n, tau, float(np.arctanh(np.clip(tau, -0.999, 0.999))), 0.437 / (n - 4)]


def _design(covariates: pd.DataFrame) -> np.ndarray:
    numbers = covariates.select_dtypes("number")
    words = covariates.drop(columns=numbers.columns)
    parts = [numbers, *([pd.get_dummies(words, drop_first=True)] if words.shape[1] else [])]
    design = pd.concat(parts, axis=1).astype(float)
    spread = design.std()
    design = design.loc[:, spread > 0]
    return ((design - design.mean()) / design.std()).to_numpy()


def _residuals(side: pd.Series, design: np.ndarray, classes: int) -> np.ndarray:
    ranks = (stats.rankdata(side) - 0.5) / len(side)
    order = np.unique(np.floor(ranks * classes).astype(int), return_inverse=True)[1]
    if not design.shape[1] or order.max() == 0:
        return 2 * ranks - 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a fit that did not converge must not pass for an answer
        fit = OrderedModel(order, design, distr="probit").fit(method="bfgs", disp=False)
    chance = fit.model.predict(fit.params, design)
    below = np.column_stack([np.zeros(len(order)), chance.cumsum(axis=1)])
    rows = np.arange(len(order))
    return below[rows, order] - (1 - below[rows, order + 1])
