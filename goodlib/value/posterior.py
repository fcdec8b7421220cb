"""What the parameters may be, given the data and a prior: draws, without Markov chains.

A handful of parameters with a smooth likelihood need no MCMC. The proposal is a multivariate t with
7 degrees of freedom at the mode of the posterior of the fitted (log) parameters, shaped by its
Hessian. Importance weights correct what is not a t; their largest are smoothed by Pareto smoothing
(Vehtari, Simpson, Gelman, Yao & Gabry 2024), whose shape k-hat says whether the correction can be
trusted. Above .7 it cannot, and the answer is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from goodlib.value.inference import Model, Results
from goodlib.value.optimum import maximise

DEGREES = 7.0
LIMIT = 0.7  # k-hat above which the answer is refused
GOOD = 0.5  # k-hat above which the proposal is first moved to the moments found
ROUNDS = 4  # times a proposal is tried
PILOT = 500  # draws, the first of many, that already tell whether it must be moved


class PosteriorError(ValueError):
    """The proposal does not fit the posterior: importance sampling must not answer."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws of the parameters, and how far to trust them.

    params : DataFrame of equally weighted draws, one column a parameter, on its own scale.
    khat : Pareto shape of the importance weights; below .7, or the draws would have been refused.
    ess : effective number of independent draws behind the moments.
    method : "importance" or "metropolis".
    loglike_error : standard error of the log-likelihood differences where a large base was
        subsampled; 0 where every customer was looked at.
    """

    params: pd.DataFrame
    khat: float
    ess: float
    method: str
    loglike_error: float
    proposals: pd.DataFrame
    weights: np.ndarray

    @property
    def mean(self) -> pd.Series:
        """Posterior means."""
        return pd.Series(self.weights @ self.proposals.to_numpy(), self.params.columns, name="mean")

    @property
    def sd(self) -> pd.Series:
        """Posterior standard deviations."""
        gap = self.proposals.to_numpy() - self.mean.to_numpy()
        return pd.Series(np.sqrt(self.weights @ gap**2), self.params.columns, name="sd")

    def quantile(self, q: float) -> pd.Series:
        """Posterior quantile of each parameter; 0 < q < 1."""
        values = {}
        for name in self.params.columns:
            order = np.argsort(self.proposals[name].to_numpy())
            reached = np.cumsum(self.weights[order])
            values[name] = np.interp(q, reached, self.proposals[name].to_numpy()[order])
        return pd.Series(values, name=f"q{q:g}")


def draw_posterior(
    results: Results,
    draws: int,
    seed: int,
    prior: Mapping[str, Any] | None = None,
    method: str = "importance",
) -> Posterior:
    """Draws from the posterior of a fit's parameters.

    Parameters
    ----------
    results : Results
        A fit; only its model and the place where the climb ended are used.
    draws : int, >= 100
        Proposals weighed, and draws returned.
    seed : int
        The same seed gives the same draws.
    prior : mapping of name to distribution, optional
        Anything with `logpdf`, such as a frozen distribution of scipy.stats, by parameter name;
        replaces the model's default for the names given. BG/NBD and kin take either `a` and `b` or
        `phi` = a/(a + b) and `kappa` = a + b.
    method : "importance" or "metropolis"
        Metropolis is the fallback where importance sampling is refused: an adaptive independence
        sampler from the same proposal, exact in the limit.

    Raises
    ------
    PosteriorError
        When k-hat exceeds .7.
    """
    if method not in ("importance", "metropolis"):
        message = f"method must be 'importance' or 'metropolis': got {method!r}"
        raise ValueError(message)
    if int(draws) != draws or draws < 100:
        message = f"draws must be a whole number of at least 100: got {draws!r}"
        raise ValueError(message)
    model = results.model
    prior = model.merge_prior(prior)
    mode = _mode(model, prior, results.optimum.theta)
    rng = np.random.default_rng(seed)
    proposal = _Proposal.at(mode.theta, mode.hessian)
    for trial in range(ROUNDS):
        theta, target, error = proposal.draw(int(draws), rng), np.empty(0), 0.0
        many = draws > 2 * PILOT and trial < ROUNDS - 1
        for upto in (PILOT, int(draws)) if many else (int(draws),):
            more, error = _log_posterior(model, prior, theta[len(target) : upto], mode.theta)
            target = np.append(target, more)
            seen = theta[:upto]
            log_weights, khat = smooth(target - proposal.logpdf(seen))
            weights = _normalised(log_weights)
            if not khat < GOOD:
                break
        if khat < GOOD or trial == ROUNDS - 1:
            break
        proposal = proposal.moved(seen, weights)
    if method == "importance":
        if not khat <= LIMIT:
            message = (
                f"importance sampling cannot be trusted: k-hat is {khat:.2f} (at most {LIMIT}) in "
                f"{draws:,} draws. Use method='metropolis', more draws, or a tighter prior."
            )
            raise PosteriorError(message)
        picked = np.searchsorted(
            np.cumsum(weights), (np.arange(draws) + rng.random()) / draws * (1 - 1e-12)
        )
        params = rng.permutation(theta[np.minimum(picked, draws - 1)])
        ess = 1.0 / np.sum(weights**2)
    else:
        theta, ess, error = _metropolis(model, prior, proposal, theta, weights, mode.theta, rng)
        params, weights = theta, np.full(len(theta), 1.0 / len(theta))
    names = list(model.names)
    frame = pd.DataFrame(model.to_params(params), columns=names).rename_axis("draw")
    proposals = pd.DataFrame(model.to_params(theta), columns=names)
    return Posterior(frame, float(khat), float(ess), method, error, proposals, weights)


def smooth(log_weights: np.ndarray) -> tuple[np.ndarray, float]:
    """Pareto-smoothed log weights and k-hat (Vehtari et al. 2024, section 2.3).

    The largest min(S/5, 3 sqrt(S)) weights are replaced by the expected order statistics of a
    generalised Pareto distribution fitted to them, and none exceeds the largest raw weight.
    """
    weights = np.where(np.isfinite(log_weights), log_weights, -np.inf) - np.max(log_weights)
    size = len(weights)
    tail = int(np.ceil(min(0.2 * size, 3 * np.sqrt(size))))
    order = np.argsort(weights, kind="stable")
    last = order[-tail:]
    cut = np.exp(weights[order[-tail - 1]])
    beyond = np.exp(weights[last]) - cut
    if beyond[-1] <= 1e-12 or cut <= 0.0:
        return weights, -np.inf if beyond[-1] <= 1e-12 else np.inf
    k, sigma = fit_pareto(np.maximum(beyond, 1e-300))
    share = (np.arange(tail) + 0.5) / tail
    expected = sigma * np.expm1(-k * np.log1p(-share)) / k
    smoothed = weights.copy()
    smoothed[last] = np.minimum(np.log(cut + expected), 0.0)
    return smoothed, k


def fit_pareto(values: np.ndarray) -> tuple[float, float]:
    """Shape k and scale of a generalised Pareto law (Zhang & Stephens 2009), k drawn towards .5 by
    the weight of ten observations as Vehtari et al. (2024) do."""
    x = np.sort(values)
    n = len(x)
    m = 30 + int(np.sqrt(n))
    quarter = x[int(n / 4 + 0.5) - 1]
    b = 1 / x[-1] + (1 - np.sqrt(m / (np.arange(1, m + 1) - 0.5))) / (3 * quarter)
    k = np.log1p(-np.outer(b, x)).mean(axis=1)
    height = n * (np.log(-b / k) - k - 1)
    weight = _normalised(height)
    mean = float(b @ weight)
    shape = float(np.log1p(-mean * x).mean())
    scale = -shape / mean
    return (shape * n + 0.5 * 10) / (n + 10), scale


class _Proposal(NamedTuple):
    """A multivariate t: centre, a root of its scale matrix, and its log density."""

    centre: np.ndarray
    root: np.ndarray

    @classmethod
    def at(cls, centre: np.ndarray, hessian: np.ndarray) -> _Proposal:
        curvature, axes = np.linalg.eigh(-hessian)
        spread = 1 / np.sqrt(np.maximum(curvature, 0.05))  # a flat direction: a sd of at most 4.5
        return cls(centre, axes * spread)

    def moved(self, theta: np.ndarray, weights: np.ndarray) -> _Proposal:
        """The proposal with the weighted moments of these draws, never much narrower."""
        mean = weights @ theta
        spread = (theta - mean).T @ ((theta - mean) * weights[:, None])
        return _Proposal(mean, np.linalg.cholesky(spread + 0.1 * self.root @ self.root.T))

    def draw(self, size: int, rng: np.random.Generator) -> np.ndarray:
        normal = rng.standard_normal((size, len(self.centre)))
        chi = rng.chisquare(DEGREES, size) / DEGREES
        return self.centre + (normal / np.sqrt(chi)[:, None]) @ self.root.T

    def logpdf(self, theta: np.ndarray) -> np.ndarray:
        """Up to a constant of the degrees of freedom."""
        z = np.linalg.solve(self.root, (theta - self.centre).T)
        fall = np.log1p((z**2).sum(axis=0) / DEGREES)
        return -0.5 * (DEGREES + len(z)) * fall - np.linalg.slogdet(self.root)[1]


def _mode(model: Model, prior: Mapping[str, Any], start: np.ndarray) -> Any:
    """The mode of the posterior on the scale of the fit; the prior's slopes by differences."""
    size = len(model.names)
    step = 1e-3
    shifts = step * np.eye(size)

    def derivatives(theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        value, slope, bend = model.derivatives(theta)
        points = [theta]
        points += [theta + sign * shift for shift in shifts for sign in (1, -1)]
        pairs = [(i, j) for i in range(size) for j in range(i)]
        points += [
            theta + one * shifts[i] + two * shifts[j]
            for i, j in pairs
            for one in (1, -1)
            for two in (1, -1)
        ]
        log_prior = model.log_prior(np.array(points), prior)
        up, down = log_prior[1 : 2 * size + 1 : 2], log_prior[2 : 2 * size + 1 : 2]
        bend = bend + np.diag((up + down - 2 * log_prior[0]) / step**2)
        corners = log_prior[2 * size + 1 :].reshape(-1, 4)
        for (i, j), (pp, pm, mp, mm) in zip(pairs, corners, strict=True):
            cross = (pp - pm - mp + mm) / (4 * step**2)
            bend[i, j] += cross
            bend[j, i] += cross
        return value + log_prior[0], slope + (up - down) / (2 * step), bend

    start = np.clip(start, -6, 9) if model.log_mask.all() else start
    return maximise(derivatives, start, tolerance=1e-6)


def _log_posterior(
    model: Model, prior: Mapping[str, Any], theta: np.ndarray, centre: np.ndarray
) -> tuple[np.ndarray, float]:
    loglike, error = model.values(theta, centre)
    total = loglike + model.log_prior(theta, prior)
    return np.where(np.isfinite(total), total, -np.inf), error


def _normalised(log_weights: np.ndarray) -> np.ndarray:
    weights = np.exp(log_weights - np.max(log_weights))
    return weights / weights.sum()


def _metropolis(
    model: Model,
    prior: Mapping[str, Any],
    proposal: _Proposal,
    theta: np.ndarray,
    weights: np.ndarray,
    centre: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, float, float]:
    """Independence Metropolis; its proposal is first moved, twice, to the moments found."""
    draws = len(theta)
    for _ in range(2):
        proposal = proposal.moved(theta, weights)
        theta = proposal.draw(draws, rng)
        target, error = _log_posterior(model, prior, theta, centre)
        weights = _normalised(smooth(target - proposal.logpdf(theta))[0])
    theta = proposal.draw(4 * draws, rng)
    target, error = _log_posterior(model, prior, theta, centre)
    ratio = target - proposal.logpdf(theta)
    chain = np.empty(len(theta), dtype=np.intp)
    at = int(np.argmax(ratio[: draws // 4]))
    luck = np.log(rng.random(len(theta)))
    for step in range(len(theta)):
        if luck[step] < ratio[step] - ratio[at]:
            at = step
        chain[step] = at
    kept = chain[draws // 4 :]
    visits = np.bincount(kept)
    ess = len(kept) ** 2 / np.sum(visits.astype(float) ** 2)  # stays are the only dependence
    picked = kept[np.linspace(0, len(kept) - 1, draws).astype(np.intp)]
    return theta[picked], min(float(ess), float(draws)), error
