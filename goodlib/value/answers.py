"""What a fitted purchase model answers: who is still active, how much more will each buy?"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from goodlib.value.customers import Customers
from goodlib.value.draw import Draw
from goodlib.value.inference import Results


class PurchaseResults(Results):
    """A fitted purchase model: who is still active, and how much more will each buy?"""

    def p_alive(self, summary: pd.DataFrame | None = None) -> pd.Series:
        """Probability that each customer is still active at the end of the observation.

        Parameters
        ----------
        summary : DataFrame of n customers, optional
            Columns `frequency`, `recency`, `T`. Default: the customers the model was fitted to.

        Returns
        -------
        Series, shape (n,), name `p_alive`
            Between 0 and 1. Under BG/NBD a customer without repeat purchase is active by
            construction.
        """
        customers = self._customers(summary, "p_alive")
        return customers.each(self._by_row(customers, "p_alive"), "p_alive")

    def expected_purchases(self, t: float, summary: pd.DataFrame | None = None) -> pd.Series:
        """Expected purchases of each customer over the next `t` units of time.

        Given frequency x, recency t_x and age T, the mean number of purchases in (T, T + t]: eq.
        (10) of Fader, Hardie & Lee (2005) and its kin, by quadrature instead of 2F1.

        Parameters
        ----------
        t : float, >= 0
            Length of the future, in the unit of the summary (weeks for a weekly one).
        summary : DataFrame of n customers, optional
            Columns `frequency`, `recency`, `T`. Default: the customers the model was fitted to.

        Returns
        -------
        Series, shape (n,), name `expected_purchases`
            Purchases, not currency; index as in `summary`; zero or more.
        """
        horizon = _length(t)
        customers = self._customers(summary)
        return customers.each(self._by_row(customers, "expected", horizon), "expected_purchases")

    def expected_purchases_new(self, t: float) -> float:
        """Expected repeat purchases of a new customer within `t` units of the first."""
        return float(self._by_row(self._new(), "expected", _length(t))[0])

    def p_purchases(
        self, n: int | list[int], t: float, summary: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """Probability that a customer makes exactly n purchases in the next `t` units of time.

        Returns
        -------
        DataFrame, one row a customer, one column for each number in `n`
        """
        customers, horizon = self._customers(summary), _length(t)
        return pd.DataFrame(
            {
                count: customers.each(self._by_row(customers, "chance", count, horizon), str(count))
                for count in _counts(n)
            },
            index=customers.index,
        )

    def p_purchases_new(self, n: int | list[int], t: float) -> pd.Series:
        """Probability of exactly n repeat purchases of a new customer within `t` of the first."""
        horizon = _length(t)
        chances = {
            count: self._by_row(self._new(), "chance", count, horizon)[0] for count in _counts(n)
        }
        return pd.Series(chances, name="probability").rename_axis("n")

    def dert(
        self, discount: float, periods_per_year: float, summary: pd.DataFrame | None = None
    ) -> pd.Series:
        """Discounted expected residual transactions: all future purchases, worth what they are
        today.

        Fader, Hardie & Lee (2005b) for Pareto/NBD. Continuous discounting at the rate
        delta = log(1 + discount)/periods_per_year a unit of time.

        Parameters
        ----------
        discount : float, > 0
            Effective annual discount rate, .15 for 15 % a year.
        periods_per_year : float, > 0
            Units of the summary in a year: 52 for weeks.
        summary : DataFrame of n customers, optional
            Default: the customers the model was fitted to.

        Returns
        -------
        Series, shape (n,), name `dert`
            Purchases at today's worth; multiply by the margin of one.
        """
        delta = discount_rate(discount, periods_per_year)
        customers = self._customers(summary)
        return customers.each(self._by_row(customers, "dert", delta), "dert")

    def dert_new(self, discount: float, periods_per_year: float) -> float:
        """Discounted expected repeat purchases of a new customer, from the first purchase on."""
        delta = discount_rate(discount, periods_per_year)
        return float(self._by_row(self._new(), "dert", delta)[0])

    def sample_purchases(
        self,
        params: Mapping[str, float] | pd.Series,
        horizon: float,
        rng: np.random.Generator,
        summary: pd.DataFrame | None = None,
    ) -> Draw:
        """One joint draw of every customer's future at one draw of the parameters.

        Given history, parameters and being active, rate and dropout are independent and conjugate,
        so the draw is exact. Call it once for each row of `posterior.params` to carry all
        uncertainty.

        Returns
        -------
        Draw of arrays, shape (n,): active, rate, leaving, purchases in (T, T + horizon]
            In the order of `summary` (default: the customers fitted to).
        """
        return self._draw(self._customers(summary), self.model.to_theta(params), horizon, rng)

    def sample_purchases_new(
        self, params: pd.DataFrame, horizon: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Repeat purchases of a new customer within `horizon`: one draw at each row of `params`.

        Returns
        -------
        array, shape (rows of `params`,)
        """
        self._new()  # refuses where a new customer has covariates
        natural = tuple(params[list(self.model.names)].to_numpy(float).T)
        nothing = np.zeros(len(params))
        history = nothing.astype(np.int64), nothing, nothing
        alive = self.model.law.p_alive(*natural, *history)
        return self.model.law.draw(_length(horizon), rng, alive, *natural, *history).purchases

    def _draw(
        self, customers: Customers, theta: np.ndarray, horizon: float, rng: np.random.Generator
    ) -> Draw:
        law, row = self.model.law, customers.row
        natural = self.model.law_params(theta, customers)
        alive = self.model.each_row("p_alive", theta, customers)[row]
        natural = tuple(value if np.ndim(value) == 0 else value[row] for value in natural)
        histories = (customers.x[row], customers.recency[row], customers.T[row])
        return law.draw(_length(horizon), rng, alive, *natural, *histories)

    def _customers(self, summary: pd.DataFrame | None, quantity: str = "") -> Customers:
        if summary is None:
            return self.model.customers
        return self.model.read(summary, distinct=quantity not in self.model.law.plain)

    def _new(self) -> Customers:
        if self.model.effects:
            message = (
                "with covariates a new customer has covariates too: give expected_purchases() and "
                "its kin a summary with frequency 0, recency 0, T 0 and the columns of the formulas"
            )
            raise ValueError(message)
        return _NEW

    def _by_row(self, customers: Customers, quantity: str, *first: Any) -> np.ndarray:
        return self.model.each_row(quantity, self.optimum.theta, customers, *first)


_NEW = Customers(
    np.zeros(1, np.int64),
    np.zeros(1),
    np.zeros(1),
    np.ones(1),
    np.zeros(1, np.intp),
    pd.RangeIndex(1),
)


def discount_rate(discount: float, periods_per_year: float) -> float:
    """Continuous rate a unit of time, delta = log(1 + discount)/periods_per_year."""
    if not (np.isfinite(discount) and discount > 0):
        message = (
            f"discount must be an effective annual rate above 0, such as .15: got {discount!r}"
        )
        raise ValueError(message)
    if not (np.isfinite(periods_per_year) and periods_per_year > 0):
        message = f"periods_per_year must be positive, 52 for weeks: got {periods_per_year!r}"
        raise ValueError(message)
    return float(np.log1p(discount) / periods_per_year)


def _counts(n: int | list[int]) -> list[int]:
    """Numbers of purchases, checked."""
    counts = np.atleast_1d(n)
    if counts.size == 0 or (counts < 0).any() or (counts != np.floor(counts)).any():
        message = f"n must be whole numbers of purchases from 0: got {n!r}"
        raise ValueError(message)
    return [int(count) for count in counts]


def _length(t: float) -> float:
    """A length of time, checked."""
    if not (isinstance(t, Real) and np.isfinite(t) and t >= 0):
        message = (
            f"t must be a finite length of time, zero or more, in the summary's unit: got {t!r}"
        )
        raise ValueError(message)
    return float(t)
