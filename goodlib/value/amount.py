"""Single amounts instead of their means: what each purchase brought, and the log-normal of them.

The logarithms of a customer's amounts scatter around a level of the customer's own, and levels
scatter between customers: log y = mu + u + e, u ~ N(0, tau^2), e ~ N(0, sigma^2). Of a customer's
amounts their number, the mean of their logs and the scatter of their logs are all that is needed.
It fits amounts that differ by orders of magnitude, such as projects, where Gamma-Gamma's p falls
towards zero. `SingleGammaGamma` is the likelihood of Gamma-Gamma for the same single amounts, so
that the two can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import digamma, gammaln, polygamma

from goodlib.value.covariates import read_penalty
from goodlib.value.design import Design, read_design
from goodlib.value.inference import Model, Optimum, Results
from goodlib.value.problem import Problem
from goodlib.value.spend import FEW, GammaGamma

COLUMNS = ("n", "total", "mean_log", "ss_log", "free")


def repeat_amounts(orders: pd.DataFrame, *, end: Any = None) -> pd.DataFrame:
    """What each customer's repeat purchases brought, as far as models of amounts need to know.

    As in `summarize`, orders of one day are one purchase and the first purchase is left out.

    Parameters
    ----------
    orders : DataFrame
        `customer_id`, `date`, `amount`.
    end : date, optional
        Later orders are left out.

    Returns
    -------
    DataFrame, one row a customer
        `n` repeat purchases with an amount above 0, their `total`, the mean of the logarithms
        `mean_log` and their sum of squares around it `ss_log` (both 0 where n is 0); `free`
        repeat purchases of amount 0 or less, which have no logarithm.
    """
    day = pd.to_datetime(orders["date"]).dt.normalize()
    if end is not None:
        orders, day = orders[day <= pd.Timestamp(end)], day[day <= pd.Timestamp(end)]
    days = orders.groupby([orders["customer_id"], day])["amount"].sum().rename("amount")
    days = days.reset_index()
    repeat = days[days["customer_id"].duplicated()]  # sorted by day within a customer
    customers = pd.Index(days["customer_id"].unique(), name="customer_id")
    paid = repeat[repeat["amount"] > 0]
    logs = np.log(paid["amount"]).groupby(paid["customer_id"])
    frame = pd.DataFrame(
        {
            "n": logs.size(),
            "total": paid.groupby("customer_id")["amount"].sum(),
            "mean_log": logs.mean(),
            "ss_log": logs.var(ddof=0) * logs.size(),
        }
    ).reindex(customers, fill_value=0.0)
    free = repeat.loc[repeat["amount"] <= 0, "customer_id"].value_counts()
    return frame.assign(free=free.reindex(customers, fill_value=0)).astype(
        {"n": np.int64, "free": np.int64}
    )


class LogNormalResults(Results):
    """A fitted log-normal model of amounts."""

    def expected_spend(self, summary: pd.DataFrame | None = None) -> pd.Series:
        """Expected mean spend of each customer.

        exp(m + v/2 + sigma^2/2), where the customer's level has mean m and variance v given the
        amounts so far: drawn towards that of all, and the level of all for who came once. Times
        the share of repeat purchases that cost something.

        Parameters
        ----------
        summary : DataFrame of n customers, optional
            Any frame with customers of the fit in its index, such as a summary; or, for others,
            one with the columns of `repeat_amounts` (and those of the formula). Default: the
            customers fitted to.

        Returns
        -------
        Series, shape (n,), name `expected_spend`
            Currency a purchase.
        """
        mean, variance, index = self._level(self.params, summary)
        sigma = float(self.params["sigma"])
        expected = self.model.paid * np.exp(mean + (variance + sigma**2) / 2)
        return pd.Series(expected, index=index, name="expected_spend")

    def sample_spend(
        self,
        params: Mapping[str, float] | pd.Series,
        purchases: np.ndarray,
        rng: np.random.Generator,
        summary: pd.DataFrame | None = None,
    ) -> np.ndarray:
        """One joint draw of what each customer pays for that many purchases, shape (n,)."""
        mean, variance, _ = self._level(params, summary)
        level = mean + np.sqrt(variance) * rng.standard_normal(len(mean))
        count = np.asarray(purchases, dtype=np.int64)
        who = np.repeat(np.arange(len(count)), count)
        amounts = np.exp(level[who] + params["sigma"] * rng.standard_normal(len(who)))
        amounts *= rng.random(len(who)) < self.model.paid
        return np.bincount(who, amounts, len(count))

    def mean_spend_new(self) -> float:
        """Mean spend of a new customer of average description: exp(mu + (tau^2 + sigma^2)/2)."""
        mu, sigma, tau = (float(self.params[name]) for name in ("mu", "sigma", "tau"))
        return float(self.model.paid * np.exp(mu + (sigma**2 + tau**2) / 2))

    def _level(
        self, params: Mapping[str, float] | pd.Series, summary: pd.DataFrame | None
    ) -> tuple[np.ndarray, np.ndarray, pd.Index]:
        """Mean and variance of each customer's level, given the amounts so far."""
        model = self.model
        n, mean_log, design, index = model.look_up(summary)
        beta = np.array([params[name] for name in model.design.names])
        centre = params["mu"] + design @ beta
        within, between = params["sigma"] ** 2, params["tau"] ** 2
        weight = n * between / (within + n * between)
        return centre + weight * (mean_log - centre), between * (1 - weight), index


class LogNormalSpend(Model):
    """Log-normal model of single amounts, with a level of each customer's own.

    Parameters
    ----------
    amounts : DataFrame of n customers
        As `repeat_amounts` gives them, one row for every customer, also those without a repeat.
    formula : str, optional
        What the level goes with: "~ np.log1p(frequency)" or "~ C(region) + np.log(size)".
    covariates : DataFrame, optional
        Its columns, by customer.
    penalty : float, >= 0
        Ridge penalty on the coefficients of the standardised columns: adds -penalty b^2 / 2 each
        to the log-likelihood. 1 is a normal prior of sd 1; 0 is maximum likelihood.

    Attributes
    ----------
    names : mu (mean log amount), sigma (scatter of one customer's log amounts), tau (scatter of
        customers), then one a column of the formula (per standard deviation of the column)
    """

    title = "Log-normal"
    results = LogNormalResults

    def __init__(
        self,
        amounts: pd.DataFrame,
        formula: str | None = None,
        covariates: pd.DataFrame | None = None,
        penalty: float = 0.0,
    ) -> None:
        self.amounts = read_amounts(amounts)
        self.penalty = read_penalty(penalty)
        used = (self.amounts["n"] > 0).to_numpy()
        self.covariates = covariates
        self.design: Design = read_design(formula, covariates, amounts.index[used])
        self.title = "Log-normal" + (f" {formula}" if formula else "")
        paid = self.amounts[used]
        self.n, self.ss = paid["n"].to_numpy(float), paid["ss_log"].to_numpy(float)
        self.unit = float(np.average(paid["mean_log"], weights=self.n))  # logs from here
        self.mean = paid["mean_log"].to_numpy(float) - self.unit
        self.columns = np.column_stack([np.ones(len(paid)), self.design.matrix])
        self.jacobian = float(self.n @ paid["mean_log"])
        self.nobs = int(used.sum())
        self.free = int(amounts["free"].sum())
        self.paid = float(self.n.sum() / (self.n.sum() + self.free))
        self.names = ("mu", "sigma", "tau", *self.design.names)
        self.positive = (False, True, True, *(False for _ in self.design.names))

    def look_up(
        self, summary: pd.DataFrame | None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, pd.Index]:
        """Number and mean log of amounts, columns of the formula, and the index, of customers."""
        known = self.amounts
        if summary is not None and {"n", "mean_log"} <= set(summary.columns):
            known = read_amounts(summary)
            covariates = summary
        else:
            index = known.index if summary is None else summary.index
            strange = known.index.get_indexer(index) < 0
            if strange.any():
                message = (
                    f"amounts must be known of every customer: {strange.sum():,} of {len(index):,} "
                    f"are not among those fitted to (first: {index[strange][0]!r}). Pass a frame "
                    "of repeat_amounts() instead of a summary."
                )
                raise ValueError(message)
            known, covariates = known.loc[index], self.covariates
        matrix = self.design.of(covariates, known.index)
        return known["n"].to_numpy(float), known["mean_log"].to_numpy(float), matrix, known.index

    def derivatives(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Log-likelihood (of the amounts, not their logs), gradient and Hessian."""
        n, ss, columns = self.n, self.ss, self.columns
        beta = np.concatenate([theta[:1], theta[3:]])
        with np.errstate(over="ignore", invalid="ignore"):
            s, t = np.exp(2 * theta[1]), np.exp(2 * theta[2])
            v, gap = s + n * t, self.mean - columns @ beta
            value = (
                -0.5 * n.sum() * np.log(2 * np.pi)
                - 0.5 * ((n - 1) * np.log(s) + np.log(v) + ss / s + n * gap**2 / v).sum()
                - self.jacobian
            )
            in_v = -0.5 / v + n * gap**2 / (2 * v**2)
            in_vv = 0.5 / v**2 - n * gap**2 / v**3
            in_s = -(n - 1) / (2 * s) + ss / (2 * s**2)
            in_ss = (n - 1) / (2 * s**2) - ss / s**3
        size = len(theta)
        mean = np.r_[0, 3:size]
        slope, bend = np.zeros(size), np.zeros((size, size))
        slope[mean] = columns.T @ (n * gap / v)
        slope[1] = 2 * s * (in_v + in_s).sum()
        slope[2] = 2 * t * (n * in_v).sum()
        bend[np.ix_(mean, mean)] = -(columns.T * (n / v)) @ columns
        bend[1, 1] = 4 * s**2 * (in_vv + in_ss).sum() + 2 * slope[1]
        bend[2, 2] = 4 * t**2 * (n**2 * in_vv).sum() + 2 * slope[2]
        bend[1, 2] = bend[2, 1] = 4 * s * t * (n * in_vv).sum()
        cross = n * gap / v**2
        bend[mean, 1] = bend[1, mean] = -2 * s * (columns.T @ cross)
        bend[mean, 2] = bend[2, mean] = -2 * t * (columns.T @ (n * cross))
        return float(value), slope, bend

    def objective(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """The log-likelihood less penalty/2 times the squares of the coefficients."""
        value, slope, bend = self.derivatives(theta)
        slope[3:] -= self.penalty * theta[3:]
        bend[3:, 3:] -= self.penalty * np.eye(len(theta) - 3)
        return value - 0.5 * self.penalty * float(theta[3:] @ theta[3:]), slope, bend

    def start(self) -> np.ndarray:
        """Moments: scatter within and between customers."""
        degrees = max((self.n - 1).sum(), 1.0)
        within = max(float(self.ss.sum() / degrees), 1e-4)
        between = max(float(np.var(self.mean)), 1e-4)
        scatter = [0.5 * np.log(within), 0.5 * np.log(between)]
        return np.array([0.0, *scatter, *np.zeros(len(self.design.names))])

    def to_theta(self, params: Mapping[str, float] | np.ndarray | list[float]) -> np.ndarray:
        """Parameters on the scale of the fit: mu from the mean log, logs of sigma and tau."""
        theta = super().to_theta(params)
        theta[0] -= self.unit
        return theta

    def to_params(self, theta: np.ndarray) -> np.ndarray:
        """Parameters on their own scale; mu is the mean log amount in the unit of the amounts."""
        params = super().to_params(theta)
        params[..., 0] += self.unit
        return params

    def prior(self) -> dict[str, Any]:
        """Weakly informative: mu within a factor of 50 of the typical amount, scatters around 1."""
        flat = {name: stats.norm(0.0, 2.0) for name in self.design.names}
        scatter = {"sigma": stats.lognorm(1.0, scale=0.7), "tau": stats.lognorm(1.0, scale=0.7)}
        return {"mu": stats.norm(self.unit, 2.0)} | scatter | flat

    def problems(self, optimum: Optimum) -> list[Problem]:
        """Few repeat buyers, free purchases, nothing to tell customers' own scatter from."""
        found = []
        if self.nobs < FEW:
            evidence = f"{self.nobs} repeat buyers tell how far customers differ in spend"
            found.append(Problem("few repeat buyers", evidence, "Read intervals, not means"))
        if self.paid < 0.99:
            evidence = f"{self.free:,} of {self.free + self.n.sum():,.0f} repeat purchases cost 0"
            cure = "Amounts are those of the others, times their share"
            found.append(Problem("free purchases", evidence, cure))
        if (self.n == 1).all():
            evidence = "no customer has two repeat purchases"
            cure = "A customer's own scatter cannot be told from that between customers"
            found.append(Problem("not identified", evidence, cure))
        return found


class SingleGammaGamma(GammaGamma):
    """Gamma-Gamma fitted to single amounts instead of their means.

    The same law, but p is learned from how single amounts scatter, too. Its likelihood is a density
    of the same amounts as that of `LogNormalSpend`, so the two may be compared; that of
    `GammaGamma` is a density of means and may not.

    Parameters
    ----------
    amounts : DataFrame of n customers
        As `repeat_amounts` gives them.
    """

    title = "Gamma-Gamma, single amounts"

    def __init__(self, amounts: pd.DataFrame) -> None:
        paid = read_amounts(amounts)
        mean = paid["total"] / paid["n"].where(paid["n"] > 0)
        super().__init__(pd.DataFrame({"frequency": paid["n"], "monetary_value": mean}))
        paid = paid[paid["n"] > 0]
        x = paid["n"].to_numpy(float)
        none = np.empty((len(paid), 0))
        self._take(x, paid["total"].to_numpy(float) / x / self.unit, none, np.ones(len(paid)))
        self.log = self.x * (paid["mean_log"].to_numpy(float) - np.log(self.unit))

    def value(self, theta: np.ndarray) -> float:
        """Log-likelihood of the single amounts, not of their means."""
        return self.derivatives(theta)[0]

    def derivatives(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Log-likelihood, gradient and Hessian: what the law of the mean does not hold is added.

        Given their sum, amounts are Dirichlet(p, ..., p) shares of it.
        """
        value, slope, bend = super().derivatives(theta)
        p, x = float(np.exp(theta[0])), self.x
        sums = np.log(x) + np.log(self.z)  # log of the sum of the amounts, in units
        extra = gammaln(p * x) - x * gammaln(p) + (p - 1) * self.log - (p * x - 1) * sums
        # the density of the mean, taken to that of the sum, and amounts to their own unit
        value += extra.sum() - np.log(x).sum() - (x.sum() - len(x)) * np.log(self.unit)
        one = (x * digamma(p * x) - x * digamma(p) + self.log - x * sums).sum()
        two = (x**2 * polygamma(1, p * x) - x * polygamma(1, p)).sum()
        slope[0] += p * one
        bend[0, 0] += p * one + p * p * two
        return value, slope, bend


def read_amounts(amounts: pd.DataFrame) -> pd.DataFrame:
    """Amounts as `repeat_amounts` gives them, checked at the door."""
    if not isinstance(amounts, pd.DataFrame):
        message = f"amounts must be a DataFrame, not {type(amounts).__name__}: use repeat_amounts()"
        raise TypeError(message)
    missing = [name for name in COLUMNS if name not in amounts]
    if missing:
        message = f"amounts need {', '.join(COLUMNS)}: {missing} missing. Use repeat_amounts()."
        raise ValueError(message)
    numbers = amounts[list(COLUMNS)].to_numpy(float)
    for kept, rule in (
        (np.isfinite(numbers).all(axis=1), "amounts must be finite"),
        (amounts["n"].to_numpy() >= 0, "n must be 0 or more"),
        (amounts["ss_log"].to_numpy() >= 0, "ss_log must be 0 or more"),
    ):
        if not kept.all():
            first = amounts.index[int(np.argmin(kept))]
            message = (
                f"{rule}: {np.count_nonzero(~kept):,} of {len(amounts):,} customers break this "
                f"(first: {first!r}). Use repeat_amounts()."
            )
            raise ValueError(message)
    if not (amounts["n"] > 0).any():
        message = (
            f"Spend can be learned only from customers who came back and paid: 0 of "
            f"{len(amounts):,} have a repeat purchase above 0."
        )
        raise ValueError(message)
    return amounts
