"""What is known of a customer from the start may speed purchases or dropout up or down.

A static covariate z multiplies a rate by exp(gamma z) (Fader & Hardie 2007, note 019): it divides
the scale alpha of the purchase rate, or beta of the dropout rate; under BG/NBD and kin it
multiplies a, so that gamma is the log odds ratio of leaving after a purchase. A positive
coefficient means more of it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd


class Effect(NamedTuple):
    """Covariates of one parameter of the law: which parameter, with which sign, by which
    formula.
    """

    parameter: int
    sign: float
    names: tuple[str, ...]
    spec: Any
    spread: np.ndarray

    def matrix(self, summary: pd.DataFrame) -> np.ndarray:
        """Columns of the covariates for these customers, without an intercept."""
        try:
            design = self.spec.get_model_matrix(summary, na_action="raise")
        except Exception as error:
            message = (
                f"covariates must be known for every customer: {error}. Fill them in, or give the "
                "summary the columns of the formula."
            )
            raise ValueError(message) from error
        return _without_intercept(design).to_numpy(dtype=float)


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
    columns = _without_intercept(design)
    spread = columns.std(ddof=0).to_numpy(dtype=float)
    flat = [name for name, value in zip(columns.columns, spread, strict=True) if not value > 0]
    if flat or columns.shape[1] == 0:
        message = (
            f"the formula of {kind} must hold covariates that vary: "
            f"{', '.join(map(str, flat)) or formula!r} is the same for all {len(summary):,} "
            "customers"
        )
        raise ValueError(message)
    names = tuple(f"{kind}:{name}" for name in columns.columns)
    return [Effect(parameter, sign, names, design.model_spec, spread)]


def _without_intercept(design: pd.DataFrame) -> pd.DataFrame:
    return design.drop(columns="Intercept", errors="ignore")
