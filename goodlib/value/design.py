"""Columns of a formula: what a parameter may go with, standardised so that one penalty fits all."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import pandas as pd


class Design(NamedTuple):
    """The columns of a formula for the customers of a fit, and how to make them for others."""

    names: tuple[str, ...]
    matrix: np.ndarray
    """Standardised columns, shape (customers, names)."""
    spec: Any
    centre: np.ndarray
    scale: np.ndarray

    def of(self, covariates: pd.DataFrame | None, index: pd.Index) -> np.ndarray:
        """The columns of other customers, on the same scale."""
        if not self.names:
            return np.empty((len(index), 0))
        return (_columns(self.spec, _rows(covariates, index)) - self.centre) / self.scale


def read_design(formula: str | None, covariates: pd.DataFrame | None, index: pd.Index) -> Design:
    """The columns of `formula` ("~ C(region) + np.log(size)") for the customers of `index`.

    Raises
    ------
    ValueError
        No covariates, customers without them, values that are missing, columns that do not vary or
        that depend on each other.
    """
    if formula is None:
        none = np.empty(0)
        return Design((), np.empty((len(index), 0)), None, none, none)
    from formulaic import model_matrix

    rows = _rows(covariates, index)
    made = model_matrix(formula.strip(), rows, na_action="raise")
    keep = [name for name in made.columns if name != "Intercept"]
    columns = made[keep].to_numpy(float)
    if not np.isfinite(columns).all():
        message = f"the columns of {formula!r} must be finite. Mend or leave out those customers."
        raise ValueError(message)
    scale = columns.std(axis=0)
    if not keep or (scale <= 1e-12).any() or np.linalg.matrix_rank(columns / scale) < len(keep):
        message = (
            f"the columns of {formula!r} must vary and not depend on each other: got "
            f"{', '.join(keep) or 'none'} for {len(index):,} customers. Leave some out."
        )
        raise ValueError(message)
    centre = columns.mean(axis=0)
    spec = (made.model_spec, keep)
    return Design(tuple(keep), (columns - centre) / scale, spec, centre, scale)


def _rows(covariates: pd.DataFrame | None, index: pd.Index) -> pd.DataFrame:
    if covariates is None:
        message = "a formula needs covariates: a frame with its columns, one row a customer."
        raise ValueError(message)
    lacking = covariates.index.get_indexer(index) < 0
    if lacking.any():
        message = (
            f"covariates must be known of every customer: {lacking.sum():,} of {len(index):,} have "
            f"none (first: {index[lacking][0]!r})."
        )
        raise ValueError(message)
    return covariates.loc[index]


def _columns(spec: Any, rows: pd.DataFrame) -> np.ndarray:
    model_spec, keep = spec
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a level never seen would be read as the first
            columns = model_spec.get_model_matrix(rows, na_action="raise")[keep].to_numpy(float)
    except Exception as error:
        message = (
            f"covariates must be known for every customer, and of a kind seen in the fit: {error}. "
            "Fill them in, or leave those customers out."
        )
        raise ValueError(message) from error
    if not np.isfinite(columns).all():
        first = rows.index[int(np.argmin(np.isfinite(columns).all(axis=1)))]
        message = f"covariates must be finite: those of {first!r} are not. The logarithm of 0?"
        raise ValueError(message)
    return columns
