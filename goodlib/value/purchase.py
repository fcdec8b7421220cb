"""How often does a customer buy, and is the customer still one? Purchase models and their answers.

Each model is a law of one customer (`Pareto`, `BetaGeo`) with the data: distinct histories and
counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import gammaln
from scipy.stats import lognorm, uniform

from goodlib.value.answers import PurchaseResults
from goodlib.value.betageo import BetaGeo
from goodlib.value.cloud import Cloud, sampled
from goodlib.value.covariates import (
    Effect,
    at_average,
    effect_priors,
    penalise,
    read_effect,
    read_penalty,
)
from goodlib.value.customers import Customers, read_customers
from goodlib.value.inference import Model
from goodlib.value.negative_binomial import NegativeBinomial
from goodlib.value.optimum import Optimum
from goodlib.value.pareto import Pareto
from goodlib.value.problem import Problem
from goodlib.value.slopes import BaseSlopes

BLOCK = 4096  # rows at a time: their arrays stay in the processor's cache
SAMPLE = 20_000  # rows that a large fit climbs on before it sees all
ENOUGH = 20  # repeat customers that a maximum-likelihood fit should have


class PurchaseModel(Model):
    """What the purchase models share: the data, and sums over its distinct histories."""

    law: Any
    results = PurchaseResults
    constant = 0.0  # what the times between purchases add to the log-likelihood

    effects: tuple[Effect, ...] = ()
    penalty = 0.0

    def __init__(self, summary: pd.DataFrame) -> None:
        self._take(self.read(summary, observed=True))

    def _take(self, customers: Customers) -> None:
        self.customers = customers
        self.nobs = int(customers.count.sum())

    def _explain(self, effects: list[Effect], penalty: float) -> None:
        """Adds covariates: their names, and how hard large effects are held back."""
        added = tuple(name for effect in effects for name in effect.names)
        self.effects, self.penalty = tuple(effects), read_penalty(penalty)
        self.positive = (True,) * len(self.names) + (False,) * len(added)
        self.names = self.names + added

    def read(
        self, summary: pd.DataFrame, *, observed: bool = False, distinct: bool = True
    ) -> Customers:
        """The distinct histories of a summary, with the covariates of this model."""
        designs = tuple(effect.matrix(summary) for effect in self.effects)
        return read_customers(summary, observed=observed, distinct=distinct, designs=designs)

    def natural(self, theta: np.ndarray) -> tuple[float, ...]:
        """Parameters of the law at `theta`, the same for every customer."""
        if self.effects:
            message = (
                f"{', '.join(self.names[self._base :])} set customers apart: ask law_params() for "
                "the parameters of each"
            )
            raise ValueError(message)
        return tuple(float(value) for value in np.exp(theta))

    def law_params(self, theta: np.ndarray, customers: Customers) -> tuple[Any, ...]:
        """Parameters of the law at `theta`: numbers, or one a row where covariates speak."""
        params: list[Any] = [float(value) for value in np.exp(theta[: self._base])]
        at = self._base
        for effect, design in zip(self.effects, customers.designs, strict=True):
            gamma = theta[at : at + len(effect.names)]
            params[effect.parameter] *= np.exp(effect.sign * (design @ gamma))
            at += len(effect.names)
        return tuple(params)

    @property
    def _base(self) -> int:
        return len(self.names) - sum(len(effect.names) for effect in self.effects)

    def derivatives(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Log-likelihood, gradient and Hessian on the scale of the fit."""
        size = len(self.names)
        value, slope, bend = self.constant, np.zeros(size), np.zeros((size, size))
        with np.errstate(all="ignore"):  # a step too far gives a value that is not finite: refused
            params = self.law_params(theta, self.customers)
            for part, rows, here in _blocks(params, self.customers):
                v, g, h = self.law.derivatives(*here, *rows)
                count = self.customers.count[part]
                value += float(v @ count)
                if self.effects:
                    slope_part, bend_part = self._chain(g, h, count, part)
                else:
                    slope_part, bend_part = g @ count, h @ count
                slope += slope_part
                bend += bend_part
        return value, slope, bend

    def _chain(
        self, g: np.ndarray, h: np.ndarray, count: np.ndarray, part: slice
    ) -> tuple[np.ndarray, np.ndarray]:
        """From slopes in the log parameters of each row to slopes in theta."""
        which = list(range(self._base))
        columns = [np.ones((len(count), self._base))]
        for effect, design in zip(self.effects, self.customers.designs, strict=True):
            which += [effect.parameter] * len(effect.names)
            columns.append(effect.sign * design[part])
        moves = np.hstack(columns)
        slope = ((g[which].T * moves) * count[:, None]).sum(axis=0)
        bend = np.einsum("abn,na,nb,n->ab", h[np.ix_(which, which)], moves, moves, count)
        return slope, bend

    def objective(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """The log-likelihood less penalty/2 times the squares of the standardised effects."""
        return penalise(self.derivatives(theta), theta, self.effects, self.penalty)

    def each_row(
        self, quantity: str, theta: np.ndarray, customers: Customers, *first: Any
    ) -> np.ndarray:
        """A quantity of the law for each row, computed in blocks that stay in the cache.

        Those of `self.law.whole` see all rows at once: they look for equal ones themselves.
        """
        function, answer = getattr(self.law, quantity), np.empty(len(customers.x))
        size = len(answer) if quantity in self.law.whole else BLOCK
        for part, rows, here in _blocks(self.law_params(theta, customers), customers, size):
            answer[part] = function(*first, *here, *rows)
        return answer

    def value(self, theta: np.ndarray) -> float:
        """Log-likelihood at `theta`."""
        rows = self.each_row("loglike", theta, self.customers)
        return float(rows @ self.customers.count) + self.constant

    def start(self) -> np.ndarray:
        """Shapes of 1, times on the scale of T; for many rows, a sample's optimum."""
        if len(self.customers.x) > 2 * SAMPLE:
            some = np.random.default_rng(0).choice(len(self.customers.x), SAMPLE, replace=False)
            return self.part(np.sort(some)).fit().optimum.theta
        base = np.log(self._guess(float(np.median(self.customers.T))))
        return np.concatenate([base, np.zeros(len(self.names) - len(base))])

    def _guess(self, length: float) -> list[float]:
        raise NotImplementedError

    @property
    def everyday(self) -> np.ndarray:
        """alpha and beta are times: of everyday size where they are as long as the median T."""
        length = np.log(float(np.median(self.customers.T)))
        return np.array([length * (name in ("alpha", "beta")) for name in self.names])

    def prior(self) -> dict[str, Any]:
        """Weakly informative, and free of the unit: times are measured by the median T.

        The effect of a covariate moves a rate by a factor of 7 or less (sd 1 a standard deviation),
        and the parameters it moves are those of a customer of average covariates. See
        docs/recovery.md for the table of priors and how they carry a base of 30 customers.
        """
        length = float(np.median(self.customers.T))
        times = {"r": lognorm(1.0, scale=1.0), "alpha": lognorm(1.5, scale=0.5 * length)}
        return times | effect_priors(self.effects)

    def log_prior(self, thetas: np.ndarray, prior: Mapping[str, Any]) -> np.ndarray:
        """Log density of the prior, whose alpha (or beta, a) is that of average covariates."""
        return super().log_prior(at_average(thetas, self.effects), prior)

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
            return self.exact(thetas), 0.0
        return sampled(self, thetas, centre, SAMPLE)

    def exact(self, thetas: np.ndarray) -> np.ndarray:
        """Log-likelihood of each row of `thetas`, all together where that way is there."""
        answer = np.full(len(thetas), np.nan)
        if not self.effects and isinstance(self.law, BetaGeo | Pareto):
            with np.errstate(all="ignore"):  # a point too far out is no number: looked at again
                answer = Cloud(self.law, self.customers).loglike(np.exp(thetas)) + self.constant
        for row in np.flatnonzero(~np.isfinite(answer)):
            answer[row] = self.value(thetas[row])
        return answer


class NBD(PurchaseModel):
    """Buys at random and never leaves (Ehrenberg 1959): the baseline without dropout.

    Parameters r, alpha of the purchase rate's gamma distribution (mean r/alpha a unit of time).

    Parameters
    ----------
    summary : DataFrame of n customers
        Columns `frequency`, `recency`, `T`, in one unit of time.
    """

    names: tuple[str, ...] = ("r", "alpha")
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
    purchase, dropout : formula, optional
        Covariates of the purchase rate and of leaving, such as "~ C(region) + log(size)".
    penalty : float, >= 0
        Holds effects back where data are few: penalty/2 times the sum of the squared effects, each
        for one standard deviation of its covariate.

    Examples
    --------
    >>> import pandas as pd
    >>> one = pd.DataFrame({"frequency": [1], "recency": [1.5], "T": [12.0]})
    >>> round(ParetoNBD(one).loglike([0.55, 10.58, 0.61, 11.67]), 8)
    -4.00694866
    """

    names: tuple[str, ...] = ("r", "alpha", "s", "beta")

    def __init__(
        self,
        summary: pd.DataFrame,
        purchase: str | None = None,
        dropout: str | None = None,
        penalty: float = 0.0,
    ) -> None:
        effects = read_effect("purchase", purchase, summary, 1, -1.0)
        self._explain(effects + read_effect("dropout", dropout, summary, 3, -1.0), penalty)
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
    purchase, dropout : formula, optional
        Covariates of the purchase rate and of leaving, such as "~ C(region) + log(size)".
    penalty : float, >= 0
        Holds effects back where data are few: penalty/2 times the sum of the squared effects, each
        for one standard deviation of its covariate.

    Examples
    --------
    >>> import pandas as pd
    >>> one = pd.DataFrame({"frequency": [2], "recency": [30.43], "T": [38.86]})
    >>> fit = BetaGeoNBD(one).fit().at([0.243, 4.414, 0.793, 2.426])  # CDNOW's estimates
    >>> round(fit.expected_purchases(39).iloc[0], 3)
    np.float64(1.226)
    """

    names: tuple[str, ...] = ("r", "alpha", "a", "b")
    extra = 0

    def __init__(
        self,
        summary: pd.DataFrame,
        k: int = 1,
        purchase: str | None = None,
        dropout: str | None = None,
        penalty: float = 0.0,
    ) -> None:
        effects = read_effect("purchase", purchase, summary, 1, -1.0)
        self._explain(effects + read_effect("dropout", dropout, summary, 2, 1.0), penalty)
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
        self.interval = "profile" if k > 1 or self.extra else "wald"  # see docs/recovery.md
        self.title = type(self).__name__ + (f"-{k}" if k > 1 else "")
        if k > 1:
            gaps = float(summary["log_gaps"].sum())
            purchases = float(self.customers.x @ self.customers.count)
            self.constant = (k - 1) * gaps - purchases * gammaln(k)

    def derivatives(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """As every purchase model's; where times repeat, as sums by frequency and by time."""
        if self.law.k > 1 or self.effects or self.customers.times is None:
            return super().derivatives(theta)
        with np.errstate(all="ignore"):  # as there
            return self._slopes.derivatives(*(float(value) for value in np.exp(theta)))

    @cached_property
    def _slopes(self) -> BaseSlopes:
        return BaseSlopes(self.customers, self.extra)

    def each_row(
        self, quantity: str, theta: np.ndarray, customers: Customers, *first: Any
    ) -> np.ndarray:
        """As every purchase model's; P(active) by way of the distinct times where these are few."""
        if quantity != "p_alive" or self.law.k > 1 or self.effects or customers.times is None:
            return super().each_row(quantity, theta, customers, *first)
        params = self.law_params(theta, customers)
        return self.law.p_alive_timed(*params, customers.x, *customers.times)

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
        last = set(merged) - {"r", "alpha"} - set(self.names[4:])
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
        thetas = at_average(thetas, self.effects)
        r, alpha, a, b = np.exp(thetas[:, :4]).T
        total = thetas[:, :4].sum(axis=1)  # d parameter / d log parameter
        for position, name in enumerate(self.names[4:], start=4):
            total = total + prior[name].logpdf(thetas[:, position])
        shape = prior["phi"].logpdf(a / (a + b)) + prior["kappa"].logpdf(a + b) - np.log(a + b)
        return shape + prior["r"].logpdf(r) + prior["alpha"].logpdf(alpha) + total


class ModifiedBetaGeoNBD(BetaGeoNBD):
    """As BetaGeoNBD, and may leave right after the first purchase too (Batislam et al. 2007).

    Examples
    --------
    >>> import pandas as pd
    >>> one = pd.DataFrame({"frequency": [1], "recency": [1.5], "T": [12.0]})
    >>> round(ModifiedBetaGeoNBD(one).loglike([0.55, 10.58, 0.61, 11.67]), 8)
    -4.11031673
    """

    extra = 1

    def starts(self) -> list[np.ndarray]:
        """From customers who differ in how they leave, and from some who hardly do.

        Whether they left after the first purchase or buy rarely is two explanations of the same
        histories; a small base may have a top at either. A large base has one.
        """
        first = self.start()
        if len(self.customers.x) > SAMPLE:
            return [first]
        second = first.copy()
        second[:4] += np.log([0.4, 0.4, 20.0, 40.0])
        return [first, second]


def _blocks(
    params: tuple[Any, ...], customers: Customers, size: int = BLOCK
) -> Iterator[tuple[slice, tuple, tuple]]:
    """Blocks of rows: where they are, their histories, and the parameters that are theirs."""
    for start in range(0, len(customers.x), size):
        part = slice(start, start + size)
        rows = (customers.x[part], customers.recency[part], customers.T[part])
        here = tuple(value if np.ndim(value) == 0 else value[part] for value in params)
        yield part, rows, here
