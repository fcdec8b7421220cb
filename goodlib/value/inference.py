"""Maximum likelihood: a model is data plus a likelihood, a result is a new, frozen thing.

Parameters that must be positive are fitted as their logarithms. There the surface is closest to a
parabola, Newton's method cannot leave the domain, and an interval cannot reach below zero. A model
says where its likelihood lies and bends (`derivatives`); everything else here is common to all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtri

from goodlib.value.optimum import Optimum, maximise
from goodlib.value.problem import FAR, Problem, find_problems

if TYPE_CHECKING:
    from goodlib.value.posterior import Posterior


class ChiSquare(NamedTuple):
    """A test of a restriction: statistic, degrees of freedom, p-value."""

    statistic: float
    df: int
    pvalue: float


class Model:
    """Data plus a likelihood. A subclass gives `names`, `nobs`, `derivatives` and `start`."""

    names: tuple[str, ...]
    nobs: int
    positive: tuple[bool, ...] | None = None  # which parameters are fitted as logs; None: all
    interval = "wald"  # what a summary shows: "profile" where standard errors are known to be short
    results: type[Results]

    def derivatives(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Log-likelihood, gradient and Hessian at `theta`, on the scale of the fit."""
        raise NotImplementedError

    def objective(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """What a fit climbs: the log-likelihood, less a penalty where a model has one."""
        return self.derivatives(theta)

    def value(self, theta: np.ndarray) -> float:
        """Log-likelihood at `theta`, on the scale of the fit; cheaper where a model knows how."""
        return self.derivatives(theta)[0]

    def start(self) -> np.ndarray:
        """Where the climb begins, on the scale of the fit."""
        return np.zeros(len(self.names))

    def starts(self) -> list[np.ndarray]:
        """Where climbs begin; more than one where a likelihood is known to have two tops."""
        return [self.start()]

    def prior(self) -> dict[str, Any]:
        """The default prior of each parameter: a distribution with `logpdf`, by name."""
        message = f"{type(self).__name__} has no default prior: pass prior={{name: distribution}}"
        raise ValueError(message)

    def values(self, thetas: np.ndarray, centre: np.ndarray) -> tuple[np.ndarray, float]:
        """Log-likelihood of each row of `thetas`, and the standard error of their differences.

        Exact here, with error 0. A model of very many customers may look at some, around `centre`.
        """
        return np.array([self.value(theta) for theta in thetas]), 0.0

    def merge_prior(self, prior: Mapping[str, Any] | None) -> dict[str, Any]:
        """The default prior with the names given replaced."""
        merged = {**self.prior(), **(prior or {})}
        unknown = sorted(set(merged) - set(self.names))
        if unknown:
            message = f"prior names unknown parameters {unknown}: choose from {list(self.names)}"
            raise ValueError(message)
        return merged

    def log_prior(self, thetas: np.ndarray, prior: Mapping[str, Any]) -> np.ndarray:
        """Log density of the prior on the scale of the fit, for each row of `thetas`."""
        params = self.to_params(thetas)
        total = thetas[:, self.log_mask].sum(axis=1)  # d parameter / d log parameter
        for position, name in enumerate(self.names):
            total = total + prior[name].logpdf(params[:, position])
        return total

    def problems(self, optimum: Optimum) -> list[Problem]:
        """What this model in particular finds wrong with a fit."""
        return []

    def loglike(self, params: Mapping[str, float] | np.ndarray | list[float]) -> float:
        """Log-likelihood of the data at `params`, in the order of `names` or by name."""
        return self.value(self.to_theta(params))

    def fit(self, start: Mapping[str, float] | list[float] | None = None) -> Any:
        """The maximum-likelihood result. `start` holds parameters in the order of `names`."""
        own = self.starts()
        climbs = [] if start is None else [maximise(self.objective, self.to_theta(start))]
        lost = any(
            not climb.converged or np.abs(climb.theta - self.everyday).max() > FAR
            for climb in climbs
        )
        if not climbs or lost or len(own) > 1:
            climbs += [maximise(self.objective, first) for first in own]
        optimum = max(climbs, key=lambda found: (np.isfinite(found.value), found.value))
        return self.results(self, optimum, tuple(find_problems(self, optimum, climbs)))

    def to_theta(self, params: Mapping[str, float] | np.ndarray | list[float]) -> np.ndarray:
        """Parameters on the scale of the fit."""
        if isinstance(params, Mapping | pd.Series):
            missing = [name for name in self.names if name not in params]
            if missing:
                message = f"params must name {', '.join(self.names)}: {', '.join(missing)} missing"
                raise ValueError(message)
            params = [params[name] for name in self.names]
        theta = np.asarray(params, dtype=float).copy()
        if theta.shape != (len(self.names),):
            message = f"params must be {', '.join(self.names)}: got shape {theta.shape}"
            raise ValueError(message)
        log = self.log_mask
        if not (np.isfinite(theta).all() and (theta[log] > 0).all()):
            names = ", ".join(np.array(self.names)[log])
            message = f"{names} must be positive and finite: got {theta.tolist()}"
            raise ValueError(message)
        theta[log] = np.log(theta[log])
        return theta

    def to_params(self, theta: np.ndarray) -> np.ndarray:
        """Parameters on their own scale; works on one vector or on rows of draws."""
        theta = np.asarray(theta, dtype=float)
        with np.errstate(over="ignore"):  # an interval may well reach to infinity
            return np.where(self.log_mask, np.exp(np.where(self.log_mask, theta, 0.0)), theta)

    @property
    def everyday(self) -> np.ndarray:
        """Parameters of everyday size on the scale of the fit: 1, or the unit data come in."""
        return np.zeros(len(self.names))

    @property
    def log_mask(self) -> np.ndarray:
        """Which parameters are fitted as logarithms."""
        if self.positive is None:
            return np.ones(len(self.names), dtype=bool)
        return np.array(self.positive)


class Summary(str):
    """Text that shows itself as it is, in a console and in a notebook."""

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True, eq=False)
class Results:
    """A fit: estimates, their uncertainty, and what is wrong with it."""

    model: Any
    optimum: Optimum
    problems: tuple[Problem, ...]

    @cached_property
    def params(self) -> pd.Series:
        """Maximum-likelihood estimates, by name."""
        estimates = self.model.to_params(self.optimum.theta)
        return pd.Series(estimates, index=list(self.model.names), name="estimate")

    @property
    def llf(self) -> float:
        """Log-likelihood at the estimates."""
        if getattr(self.model, "penalty", 0.0) > 0:
            return float(self.model.value(self.optimum.theta))
        return float(self.optimum.value)

    @property
    def nobs(self) -> int:
        """Customers in the data."""
        return int(self.model.nobs)

    @property
    def converged(self) -> bool:
        """Did the climb end at a top?"""
        return bool(self.optimum.converged)

    @property
    def aic(self) -> float:
        """Akaike's criterion, 2 p - 2 llf: smaller is better."""
        return 2 * len(self.params) - 2 * self.llf

    @property
    def bic(self) -> float:
        """Schwarz's criterion, p log n - 2 llf: smaller is better."""
        return float(len(self.params) * np.log(self.nobs) - 2 * self.llf)

    @cached_property
    def covariance(self) -> np.ndarray:
        """Covariance on the scale of the fit; NaN throughout where the Hessian is not negative."""
        if not np.isfinite(self.optimum.hessian).all():
            return self.optimum.hessian
        curvature, axes = np.linalg.eigh(-self.optimum.hessian)
        if curvature[0] <= 0:
            return np.full_like(self.optimum.hessian, np.nan)
        return (axes / curvature) @ axes.T

    @property
    def scale(self) -> np.ndarray:
        """d parameter / d fitted parameter: the delta method's factor."""
        return np.where(self.model.log_mask, self.params.to_numpy(), 1.0)

    def cov_params(self) -> pd.DataFrame:
        """Covariance of the estimates: the inverse of the observed information."""
        matrix = self.covariance * np.outer(self.scale, self.scale)
        return pd.DataFrame(matrix, index=self.params.index, columns=self.params.index)

    @property
    def bse(self) -> pd.Series:
        """Standard errors of the estimates."""
        errors = np.sqrt(np.diag(self.covariance)) * self.scale
        return pd.Series(errors, index=self.params.index, name="std_err")

    def conf_int(self, alpha: float = 0.05, method: str = "wald") -> pd.DataFrame:
        """Intervals of level 1 - `alpha`: positive where the parameter is.

        Parameters
        ----------
        alpha : float, between 0 and 1
        method : "wald" or "profile"
            "wald": from the standard errors, on the scale of the fit; at no cost. "profile": where
            the likelihood falls by as much as the level allows, the other parameters following; it
            holds the truth more often where the likelihood leans (docs/recovery.md), and a side
            that the data leave open ends at 0 or infinity. About 100 evaluations.
        """
        if not 0 < alpha < 1:
            message = f"alpha must lie between 0 and 1, .05 for 95 %: got {alpha!r}"
            raise ValueError(message)
        if method == "profile":
            lower, upper = self._profile(alpha)
        elif method == "wald":
            reach = ndtri(1 - alpha / 2) * np.sqrt(np.diag(self.covariance))
            lower, upper = self.optimum.theta - reach, self.optimum.theta + reach
        else:
            message = f"method must be 'wald' or 'profile': got {method!r}"
            raise ValueError(message)
        columns = {"lower": self.model.to_params(lower), "upper": self.model.to_params(upper)}
        return pd.DataFrame(columns, index=self.params.index)

    def _profile(self, alpha: float) -> tuple[np.ndarray, np.ndarray]:
        from goodlib.value.profile import profile_bounds  # imports this module

        if not np.isfinite(self.optimum.gradient).all():
            message = (
                "a profile interval starts from the top of the likelihood, and these are other "
                "parameters: call conf_int() of the fit itself"
            )
            raise ValueError(message)
        return profile_bounds(self.model, self.optimum, self.covariance, alpha)

    def delta(
        self, function: Callable[[pd.Series], float | np.ndarray], alpha: float = 0.05
    ) -> pd.DataFrame:
        """Any quantity of the parameters with its standard error and interval (delta method).

        `function(params)` returns a number or a vector; one row each: estimate, std_err, lower,
        upper.
        """
        names, theta = self.params.index, self.optimum.theta

        def at(point: np.ndarray) -> np.ndarray:
            params = pd.Series(self.model.to_params(point), index=names)
            return np.atleast_1d(np.asarray(function(params), dtype=float))

        steps = 1e-5 * np.eye(len(theta))
        jacobian = np.column_stack([(at(theta + h) - at(theta - h)) / 2e-5 for h in steps])
        estimate = at(theta)
        error = np.sqrt(np.einsum("ij,jk,ik->i", jacobian, self.covariance, jacobian))
        reach = ndtri(1 - alpha / 2) * error
        columns = {"estimate": estimate, "std_err": error}
        return pd.DataFrame(columns | {"lower": estimate - reach, "upper": estimate + reach})

    def lr_test(self, restricted: Results) -> ChiSquare:
        """Likelihood-ratio test of `restricted`, a nested model fitted to the same data.

        The chi-square law holds inside the parameter space; where the restriction lies on its edge
        (no dropout at all) the p-value given is too large, so the test is cautious.
        """
        held = [fit for fit in (self, restricted) if getattr(fit.model, "penalty", 0.0) > 0]
        if held:
            message = (
                f"a penalty ({held[0].model.penalty:g}) holds the likelihood back, and twice the "
                "gap is no chi-square then: fit with penalty=0, or read the posterior"
            )
            raise ValueError(message)
        df = len(self.params) - len(restricted.params)
        if df <= 0 or self.nobs != restricted.nobs:
            message = (
                "the restricted model must have fewer parameters and the same customers: "
                f"{len(restricted.params)} of {len(self.params)} parameters, "
                f"{restricted.nobs} and {self.nobs} customers"
            )
            raise ValueError(message)
        statistic = max(0.0, 2 * (self.llf - restricted.llf))
        return ChiSquare(statistic, df, float(chdtrc(df, statistic)))

    def wald_test(self, values: Mapping[str, float]) -> ChiSquare:
        """Wald test that the named parameters have these `values`, on the scale of the fit."""
        unknown = [name for name in values if name not in self.params.index]
        if unknown:
            message = (
                f"unknown parameter {unknown[0]!r}: choose from {', '.join(self.params.index)}"
            )
            raise ValueError(message)
        which = [self.params.index.get_loc(name) for name in values]
        log = self.model.log_mask[which]
        target = np.array(list(values.values()), dtype=float)
        target[log] = np.log(target[log])
        gap = self.optimum.theta[which] - target
        statistic = float(gap @ np.linalg.solve(self.covariance[np.ix_(which, which)], gap))
        return ChiSquare(statistic, len(which), float(chdtrc(len(which), statistic)))

    def at(self, params: Mapping[str, float]) -> Results:
        """The same model and data at other parameters, such as one draw of the posterior.

        Answers (`p_alive`, `expected_purchases`, ...) follow; standard errors are NaN there.
        """
        theta = self.model.to_theta(params)
        none = np.full_like(theta, np.nan), np.full((len(theta), len(theta)), np.nan)
        optimum = Optimum(theta, self.model.value(theta), *none, True, 0)
        return replace(self, optimum=optimum, problems=())

    def posterior(self, draws: int, seed: int, **options: Any) -> Posterior:
        """Draws of the parameters given the data and a prior, without MCMC.

        See `goodlib.value.posterior.draw_posterior` for the method, the priors and the options
        `prior` and `method`. Raises `PosteriorError` when k-hat exceeds .7.
        """
        from goodlib.value.posterior import draw_posterior  # imports this module

        return draw_posterior(self, draws, seed, **options)

    def summary(self, alpha: float = 0.05, method: str | None = None) -> Summary:
        """The result as text: no clock, so the same data give the same text.

        `method` is that of `conf_int`; None: the one that suits the model, profile where its
        standard errors are known to make short intervals (MBG/NBD, regular buyers).
        """
        method = method or self.model.interval
        if not np.isfinite(self.optimum.gradient).all():
            method = "wald"  # other parameters than the fit's have no interval
        frame = pd.concat([self.params, self.bse, self.conf_int(alpha, method)], axis=1)
        level = f"{100 * (1 - alpha):g}%"
        frame.columns = ["estimate", "std err", f"lower {level}", f"upper {level}"]
        head = [
            f"{type(self.model).__name__}: maximum likelihood, {self.nobs:,} customers",
            f"log-likelihood {self.llf:.4f}   AIC {self.aic:.2f}   BIC {self.bic:.2f}",
            f"converged {'yes' if self.converged else 'NO'}   intervals: "
            + ("profile likelihood" if method == "profile" else "standard errors (Wald)"),
        ]
        body = frame.to_string(float_format=lambda number: f"{number:.6g}")
        notes = [f"! {problem}" for problem in self.problems]
        return Summary("\n".join([*head, "", body, *([""] if notes else []), *notes]))


def compare(results: list[Results]) -> pd.DataFrame:
    """One row a model, best AIC first: model, params (text), llf, aic, bic, nobs, problems (text).

    Only results of the same data belong in one table; another number of customers is refused.
    """
    sizes = {fit.nobs for fit in results}
    if len(sizes) > 1:
        message = f"compare models of the same customers: got fits to {sorted(sizes)} customers"
        raise ValueError(message)
    rows = [
        {
            "model": str(getattr(fit.model, "title", type(fit.model).__name__)),
            "params": ", ".join(f"{name} {value:.4g}" for name, value in fit.params.items()),
            "llf": fit.llf,
            "aic": fit.aic,
            "bic": fit.bic,
            "nobs": fit.nobs,
            "problems": "; ".join(str(problem) for problem in fit.problems),
        }
        for fit in results
    ]
    columns = ["model", "params", "llf", "aic", "bic", "nobs", "problems"]
    return pd.DataFrame(rows, columns=columns).sort_values("aic", ignore_index=True)
