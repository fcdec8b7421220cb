"""What is known of a customer from the start may speed purchases or dropout up or down, or go with
what a purchase brings.

A static covariate z multiplies a rate by exp(gamma z) (Fader & Hardie 2007, note 019): it divides
the scale alpha of the purchase rate, or beta of the dropout rate; under BG/NBD and kin it
multiplies a, so that gamma is the log odds ratio of leaving after a purchase; under Gamma-Gamma it
multiplies the scale gamma, and with it the mean amount. A positive coefficient means more of it.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm


class Effect(NamedTuple):
    """Covariates of one parameter of the law: which parameter, with which sign, by which
    formula.
    """

    parameter: int
    sign: float
    names: tuple[str, ...]
    spec: Any
    columns: tuple[str, ...]
    centre: np.ndarray
    """Mean of each covariate among the customers fitted to."""
    spread: np.ndarray
    """Standard deviation of each."""

    def matrix(self, summary: pd.DataFrame) -> np.ndarray:
        """Columns of the covariates for these customers, without an intercept."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # a level never seen would be read as the first
                design = self.spec.get_model_matrix(summary, na_action="raise")
        except Exception as error:
            message = (
                f"covariates must be known for every customer, and of a kind seen in the fit: "
                f"{error}. Fill them in, leave those customers out, or give the summary the "
                "columns of the formula."
            )
            raise ValueError(message) from error
        return _finite(design[list(self.columns)], "covariates")


def read_effect(
    kind: str, formula: str | None, summary: pd.DataFrame, parameter: int, sign: float
) -> list[Effect]:
    """The effect of a formula such as "~ C(region) + log(size)"; none without a formula."""
    if formula is None:
        return []
    from formulaic import model_matrix  # slow to import, and only needed here

    try:
        design = model_matrix(formula, summary, na_action="raise")
    except Exception as error:
        message = f"the formula of {kind}, {formula!r}, must fit the summary: {error}"
        raise ValueError(message) from error
    columns = design.drop(columns="Intercept", errors="ignore")
    values = _finite(columns, f"the columns of {kind}, {formula!r},")
    spread = values.std(axis=0)
    flat = [name for name, width in zip(columns.columns, spread, strict=True) if not width > 0]
    if flat or columns.shape[1] == 0:
        message = (
            f"the formula of {kind} must hold covariates that vary: "
            f"{', '.join(map(str, flat)) or formula!r} is the same for all {len(summary):,} "
            "customers"
        )
        raise ValueError(message)
    centre = values.mean(axis=0)
    if np.linalg.matrix_rank((values - centre) / spread) < values.shape[1]:
        message = (
            f"the covariates of {kind} must not depend on each other: "
            f"{', '.join(map(str, columns.columns))} add up to less than {values.shape[1]} for "
            f"these {len(summary):,} customers (the model has its own intercept). Leave some out."
        )
        raise ValueError(message)
    names = tuple(f"{kind}:{name}" for name in columns.columns)
    spec, kept = design.model_spec, tuple(columns.columns)
    return [Effect(parameter, sign, names, spec, kept, centre, spread)]


def read_penalty(penalty: float) -> float:
    """How hard large effects are held back, checked."""
    if not (np.isfinite(penalty) and penalty >= 0):
        message = f"penalty must be a number from 0: got {penalty!r}"
        raise ValueError(message)
    return float(penalty)


Slopes = tuple[float, np.ndarray, np.ndarray]


def penalise(
    slopes: Slopes, theta: np.ndarray, effects: Sequence[Effect], penalty: float
) -> Slopes:
    """Log-likelihood, gradient and Hessian less penalty/2 times the squares of the effects, each
    for one standard deviation of its covariate; effects are the last entries of `theta`.
    """
    if penalty == 0 or not effects:
        return slopes
    value, slope, bend = slopes[0], slopes[1].copy(), slopes[2].copy()
    weight = np.concatenate([effect.spread for effect in effects]) ** 2 * penalty
    last = len(theta) - len(weight)
    slope[last:] -= weight * theta[last:]
    bend[last:, last:] -= np.diag(weight)
    return value - 0.5 * float(weight @ theta[last:] ** 2), slope, bend


def effect_priors(effects: Sequence[Effect]) -> dict[str, Any]:
    """Weakly informative: sd 1 for one standard deviation of a covariate, so a factor of 7."""
    return {
        name: norm(0.0, 1.0 / spread)
        for effect in effects
        for name, spread in zip(effect.names, effect.spread, strict=True)
    }


def at_average(thetas: np.ndarray, effects: Sequence[Effect]) -> np.ndarray:
    """Rows of parameters with those of the law as they are for a customer of average covariates.

    That is whom a prior of the law speaks of: alpha of a customer whose log(size) is 0 may be one
    that nobody is near to. The move has no Jacobian.
    """
    moved = thetas.copy()
    at = thetas.shape[1] - sum(len(effect.names) for effect in effects)
    for effect in effects:
        own = thetas[:, at : at + len(effect.names)]
        moved[:, effect.parameter] += effect.sign * own @ effect.centre
        at += len(effect.names)
    return moved


def _finite(design: pd.DataFrame, what: str) -> np.ndarray:
    values = np.asarray(design.to_numpy(dtype=float))
    kept = np.isfinite(values).all(axis=1)
    if not kept.all():
        message = (
            f"{what} must be finite: {np.count_nonzero(~kept):,} of {len(kept):,} customers have "
            f"others (first: {design.index[int(np.argmin(kept))]!r}). The logarithm of 0?"
        )
        raise ValueError(message)
    return values
