"""How often does a customer buy, and is the customer still one? Purchase models and their answers.

Each model is a law of one customer (`Pareto`, `BetaGeo`) with the data: distinct histories and
counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import gammaln
from scipy.stats import lognorm, uniform

from goodlib.value.betageo import BetaGeo
from goodlib.value.customers import Customers, read_customers
from goodlib.value.draw import Draw
from goodlib.value.inference import Model, Optimum, Problem, Results
from goodlib.value.negative_binomial import NegativeBinomial
from goodlib.value.pareto import Pareto

BLOCK = 4096  # rows at a time: their arrays stay in the processor's cache
SAMPLE = 20_000  # rows that a large fit climbs on before it sees all
ENOUGH = 20  # repeat customers that a maximum-likelihood fit should have
PARTS = 10  # parts of that sample: how they differ is the error of a subsampled likelihood


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
        customers = self._customers(summary)
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
        return float(self._by_row(_NEW, "expected", _length(t))[0])

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
        chances = {count: self._by_row(_NEW, "chance", count, horizon)[0] for count in _counts(n)}
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
        return float(self._by_row(_NEW, "dert", delta)[0])

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

    def _draw(
        self, customers: Customers, theta: np.ndarray, horizon: float, rng: np.random.Generator
    ) -> Draw:
        law, row = self.model.law, customers.row
        natural = self.model.natural(theta)
        alive = _in_blocks(law.p_alive, natural, customers)[row]
        histories = (customers.x[row], customers.recency[row], customers.T[row])
        return law.draw(_length(horizon), rng, alive, *natural, *histories)

    def _customers(self, summary: pd.DataFrame | None) -> Customers:
        return self.model.customers if summary is None else read_customers(summary, observed=False)

    def _by_row(self, customers: Customers, quantity: str, *first: Any) -> np.ndarray:
        function = getattr(self.model.law, quantity)
        return _in_blocks(function, self.model.natural(self.optimum.theta), customers, *first)


class PurchaseModel(Model):
    """What the purchase models share: the data, and sums over its distinct histories."""

    law: Any
    results = PurchaseResults
    constant = 0.0  # what the times between purchases add to the log-likelihood

    def __init__(self, summary: pd.DataFrame) -> None:
        self._take(read_customers(summary))

    def _take(self, customers: Customers) -> None:
        self.customers = customers
        self.nobs = int(customers.count.sum())

    def natural(self, theta: np.ndarray) -> tuple[float, ...]:
        """Parameters of the law at `theta`."""
        return tuple(float(value) for value in np.exp(theta))

    def derivatives(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Log-likelihood, gradient and Hessian in the logs of the parameters."""
        size = len(self.names)
        value, slope, bend = 0.0, np.zeros(size), np.zeros((size, size))
        natural, data = self.natural(theta), self.customers
        with np.errstate(all="ignore"):  # a step too far gives a value that is not finite: refused
            for start in range(0, len(data.x), BLOCK):
                part = slice(start, start + BLOCK)
                rows = (data.x[part], data.recency[part], data.T[part])
                v, g, h = self.law.derivatives(*natural, *rows)
                count = data.count[part]
                value += float(v @ count)
                slope += g @ count
                bend += h @ count
        return value + self.constant, slope, bend

    def value(self, theta: np.ndarray) -> float:
        """Log-likelihood at `theta`."""
        natural = self.natural(theta)
        rows = _in_blocks(self.law.loglike, natural, self.customers)
        return float(rows @ self.customers.count) + self.constant

    def start(self) -> np.ndarray:
        """Shapes of 1, times on the scale of T; for many rows, a sample's optimum."""
        if len(self.customers.x) > 2 * SAMPLE:
            some = np.random.default_rng(0).choice(len(self.customers.x), SAMPLE, replace=False)
            return self.part(np.sort(some)).fit().optimum.theta
        return np.log(self._guess(float(np.median(self.customers.T))))

    def _guess(self, length: float) -> list[float]:
        raise NotImplementedError

    def prior(self) -> dict[str, Any]:
        """Weakly informative, and free of the unit: times are measured by the median T.

        See docs/models.md for the table of priors and how they carry a base of 30 customers.
        """
        length = float(np.median(self.customers.T))
        return {"r": lognorm(1.0, scale=1.0), "alpha": lognorm(1.5, scale=0.5 * length)}

    def problems(self, optimum: Optimum) -> list[Problem]:
        """Too few customers came back, or too little was seen of them."""
        data, found = self.customers, []
        back = float(data.count[data.x > 0].sum())
        if back < ENOUGH:
            evidence = f"{back:,.0f} of {self.nobs:,} customers bought again"
            cure = "Read the posterior, whose prior carries a small base, not this point"
            found.append(Problem("few repeat customers", evidence, cure))
        if back > 0:
            gap = float(data.recency @ data.count) / float(data.x @ data.count)
            order = np.argsort(data.T)
            half = order[np.searchsorted(np.cumsum(data.count[order]), self.nobs / 2)]
            if data.T[half] < 2 * gap:
                evidence = (
                    f"half of the customers were seen for {data.T[half]:.3g} units of time or "
                    "less, "
                    f"and {gap:.3g} pass between two purchases"
                )
                cure = "Who has left cannot be told from who has yet to return: use more history"
                found.append(Problem("history too short", evidence, cure))
        return found

    def part(self, rows: np.ndarray) -> PurchaseModel:
        """The same model on some of the distinct histories."""
        small = object.__new__(type(self))
        small.__dict__.update(self.__dict__, constant=0.0)
        small._take(self.customers.part(rows))
        return small

    def values(self, thetas: np.ndarray, centre: np.ndarray) -> tuple[np.ndarray, float]:
        """Log-likelihood of each row of `thetas`, and the standard error of their differences.

        Up to 60,000 distinct histories: exact. Beyond, the parabola of the whole base at `centre`,
        plus what a sample of histories adds to its own parabola: the error is that of the remainder
        alone.
        """
        if len(self.customers.x) <= 3 * SAMPLE:
            return super().values(thetas, centre)
        whole = _parabola(self.derivatives(centre), thetas - centre)
        rows = np.random.default_rng(0).permutation(len(self.customers.x))[:SAMPLE]
        remainders = []
        for batch in np.split(rows, PARTS):
            part = self.part(np.sort(batch))
            own = _parabola(part.derivatives(centre), thetas - centre)
            scale = self.nobs / part.nobs
            remainders.append(scale * (super(PurchaseModel, part).values(thetas, centre)[0] - own))
        error = np.std(remainders, axis=0, ddof=1) / np.sqrt(PARTS)
        return whole + np.mean(remainders, axis=0), float(np.median(error))


class NBD(PurchaseModel):
    """Buys at random and never leaves (Ehrenberg 1959): the baseline without dropout.

    Parameters r, alpha of the purchase rate's gamma distribution (mean r/alpha a unit of time).

    Parameters
    ----------
    summary : DataFrame of n customers
        Columns `frequency`, `recency`, `T`, in one unit of time.
    """

    names = ("r", "alpha")
    law = NegativeBinomial()

    def _guess(self, length: float) -> list[float]:
        return [1.0, 0.5 * length]


class ParetoNBD(PurchaseModel):
    """Buys at random while active, leaves at random at any time (Schmittlein et al. 1987).

    Parameters r, alpha of the purchase rate's gamma distribution (mean r/alpha a unit of time), and
    s, beta of the dropout rate's.

    Parameters
    ----------
    summary : DataFrame of n customers
        Columns `frequency`, `recency`, `T`, in one unit of time.
    """

    names = ("r", "alpha", "s", "beta")

    def __init__(self, summary: pd.DataFrame) -> None:
        super().__init__(summary)
        self.law = Pareto()

    def _guess(self, length: float) -> list[float]:
        return [1.0, 0.5 * length, 1.0, 0.5 * length]

    def prior(self) -> dict[str, Any]:
        """As every purchase model's; s around .7 and beta around half the median T."""
        length = float(np.median(self.customers.T))
        dropout = {"s": lognorm(0.75, scale=0.7), "beta": lognorm(1.0, scale=0.5 * length)}
        return super().prior() | dropout


class BetaGeoNBD(PurchaseModel):
    """Buys at random while active, may leave after each repeat purchase (Fader, Hardie & Lee 2005).

    Parameters r, alpha of the purchase rate's gamma distribution, and a, b of the beta distribution
    of the chance to leave after a purchase.

    Parameters
    ----------
    summary : DataFrame of n customers
        Columns `frequency`, `recency`, `T`, in one unit of time.
    k : int, >= 1
        Regularity: a purchase after every k-th event, so times between purchases are Erlang-k. 1:
        random.
    """

    names = ("r", "alpha", "a", "b")
    extra = 0

    def __init__(self, summary: pd.DataFrame, k: int = 1) -> None:
        super().__init__(summary)
        if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
            message = f"k must be a whole number from 1, the events a purchase takes: got {k!r}"
            raise ValueError(message)
        if k > 1 and "log_gaps" not in summary.columns:
            message = (
                "k above 1 needs the column log_gaps, without which likelihoods of different k "
                "cannot "
                "be compared: summary.join(goodlib.log_gaps(orders, end=..., unit=...))"
            )
            raise ValueError(message)
        self.law = BetaGeo(int(k), self.extra)
        self.title = type(self).__name__ + (f"-{k}" if k > 1 else "")
        if k > 1:
            gaps = float(summary["log_gaps"].sum())
            purchases = float(self.customers.x @ self.customers.count)
            self.constant = (k - 1) * gaps - purchases * gammaln(k)

    def _guess(self, length: float) -> list[float]:
        return [1.0, 0.5 * length, 1.0, 2.0]

    def prior(self) -> dict[str, Any]:
        """As every purchase model's; the mean chance to leave, phi, uniform; kappa around 3."""
        return super().prior() | {"phi": uniform(), "kappa": lognorm(1.0, scale=3.0)}

    def merge_prior(self, prior: Mapping[str, Any] | None) -> dict[str, Any]:
        """The default prior with the names given replaced; `a` and `b` replace phi and kappa."""
        given = dict(prior or {})
        merged = {**self.prior(), **given}
        if "a" in given or "b" in given:
            merged = {n: d for n, d in merged.items() if n not in ("phi", "kappa") or n in given}
        last = set(merged) - {"r", "alpha"}
        if last not in ({"a", "b"}, {"phi", "kappa"}):
            message = (
                f"prior must name a and b, or phi and kappa, beside r and alpha: got {sorted(last)}"
            )
            raise ValueError(message)
        return merged

    def log_prior(self, thetas: np.ndarray, prior: Mapping[str, Any]) -> np.ndarray:
        """Log density of the prior of the log parameters, for each row of `thetas`."""
        if "phi" not in prior:
            return super().log_prior(thetas, prior)
        r, alpha, a, b = np.exp(thetas).T
        shape = prior["phi"].logpdf(a / (a + b)) + prior["kappa"].logpdf(a + b) - np.log(a + b)
        return shape + prior["r"].logpdf(r) + prior["alpha"].logpdf(alpha) + thetas.sum(axis=1)


class ModifiedBetaGeoNBD(BetaGeoNBD):
    """As BetaGeoNBD, and may leave right after the first purchase too (Batislam et al. 2007)."""

    extra = 1


def _parabola(derivatives: tuple[float, np.ndarray, np.ndarray], gap: np.ndarray) -> np.ndarray:
    """Value, slope and bend at a point, carried to points at these gaps from it."""
    value, slope, bend = derivatives
    return value + gap @ slope + 0.5 * np.einsum("ij,jk,ik->i", gap, bend, gap)


_NEW = Customers(
    np.zeros(1, np.int64),
    np.zeros(1),
    np.zeros(1),
    np.ones(1),
    np.zeros(1, np.intp),
    pd.RangeIndex(1),
)


def _in_blocks(function: Any, natural: tuple, customers: Customers, *first: Any) -> np.ndarray:
    """A quantity of each row, computed in blocks that stay in the cache."""
    answer = np.empty(len(customers.x))
    for start in range(0, len(answer), BLOCK):
        part = slice(start, start + BLOCK)
        rows = (customers.x[part], customers.recency[part], customers.T[part])
        answer[part] = function(*first, *natural, *rows)
    return answer


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
    if not (np.isscalar(t) and np.isfinite(t) and t >= 0):
        message = (
            f"t must be a finite length of time, zero or more, in the summary's unit: got {t!r}"
        )
        raise ValueError(message)
    return float(t)
