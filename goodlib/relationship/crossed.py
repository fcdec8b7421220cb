"""Scores with crossed effects: who was rated, by whom, and the rater's own view of that one.

The predictor of a score is

    eta = x'beta + customer + leniency of the rater + pair + occasion,

the last four normal with mean zero; `pair` is this rater's view of this customer, `occasion` that
of one day or engagement. The marginal likelihood is Laplace's, with its exact gradient (implicit
differentiation of the mode); with one effect only it may be integrated by adaptive Gauss-Hermite
quadrature instead. The linear algebra of the crossing is precision.py's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.polynomial.hermite import hermgauss
from scipy.optimize import minimize
from scipy.special import logsumexp

from goodlib.relationship.ordinal import Terms, terms
from goodlib.relationship.precision import Effects, Precision


class Natural(NamedTuple):
    """The parameters in the model's own terms."""

    theta: np.ndarray
    """Thresholds, set after set."""
    beta: np.ndarray
    log_sd: np.ndarray
    """Of customer, rater, pair, occasion; only of those present."""
    centrality: np.ndarray
    """log of how far each rater draws the thresholds apart; empty when all use the scale alike."""


@dataclass(frozen=True)
class Crossed:
    """The scores as arrays.

    Parameters
    ----------
    upper, lower : int arrays (n,)
        Threshold above and below each score, in the concatenated sets; -1 at an end of the scale.
    sets : list of int
        Thresholds in each set (one set, or one an item).
    x : array (n, k)
        Fixed covariates.
    customer, rater : int arrays, one per pair
    pair : int array, one per occasion
    occasion : int array (n,)
    size : dict
        Levels of each effect that is in the model: customer, rater, pair, occasion.
    weight : array (n,)
        Of each score's log-likelihood.
    link : "logit" or "probit"
    central : bool
        Whether each rater may draw the thresholds apart around their middle (central tendency).
    boundary : float
        Weight of log sd in the criterion; 1 keeps a spread off zero by about one standard error
        (Chung et al. 2013), 0 is maximum likelihood.
    """

    upper: np.ndarray
    lower: np.ndarray
    sets: list[int]
    x: np.ndarray
    customer: np.ndarray
    rater: np.ndarray
    pair: np.ndarray
    occasion: np.ndarray
    size: dict[str, int]
    weight: np.ndarray
    link: str = "logit"
    central: bool = False
    central_sd: float = 0.3
    boundary: float = 0.0
    fixed_sd: dict[str, float] = field(default_factory=dict)
    n_raters: int = 0

    # parameters

    @property
    def free(self) -> list[str]:
        """The effects whose spread is estimated."""
        return [name for name in self.size if name not in self.fixed_sd]

    def natural(self, psi: np.ndarray) -> Natural:
        """Free numbers to parameters: a set's thresholds are a first one and log steps."""
        theta, at = [], 0
        for count in self.sets:
            theta.append(np.cumsum(np.r_[psi[at], np.exp(psi[at + 1 : at + count])]))
            at += count
        k, m = self.x.shape[1], len(self.free)
        log_sd = np.array([np.log(self.fixed_sd.get(name, 1.0)) for name in self.size])
        where = [list(self.size).index(name) for name in self.free]
        log_sd[where] = psi[at + k : at + k + m]
        return Natural(np.concatenate(theta), psi[at : at + k], log_sd, psi[at + k + m :])

    def pull(self, psi: np.ndarray, by: Natural) -> np.ndarray:
        """Gradient by the natural parameters to gradient by the free numbers."""
        pieces, at = [], 0
        for count in self.sets:
            tail = np.cumsum(by.theta[at : at + count][::-1])[::-1]
            pieces.append(tail * np.r_[1.0, np.exp(psi[at + 1 : at + count])])
            at += count
        where = [list(self.size).index(name) for name in self.free]
        return np.concatenate([*pieces, by.beta, by.log_sd[where], by.centrality])

    def variance(self, par: Natural) -> dict[str, float]:
        """Variance of each effect; zero when it is not in the model."""
        present = dict(zip(self.size, np.exp(2.0 * par.log_sd), strict=True))
        return {name: present.get(name, 0.0) for name in Effects._fields}

    # the likelihood given the effects

    def zero(self) -> Effects:
        return Effects(*(np.zeros(self.size.get(name, 0)) for name in Effects._fields))

    def carry(self, effects: Effects) -> np.ndarray:
        """Sum of its effects for each score."""
        by_pair = effects.customer[self.customer] if effects.customer.size else 0.0
        if effects.rater.size:
            by_pair = by_pair + effects.rater[self.rater]
        by_pair = by_pair + effects.pair if effects.pair.size else by_pair
        by_occasion = np.broadcast_to(by_pair, self.customer.shape)[self.pair]
        by_occasion = by_occasion + effects.occasion if effects.occasion.size else by_occasion
        return by_occasion[self.occasion]

    def gather(self, by_score: np.ndarray) -> Effects:
        """Sum over its scores for each level of each effect."""
        by_occasion = np.bincount(self.occasion, by_score, self.pair.size)
        by_pair = np.bincount(self.pair, by_occasion, self.customer.size)
        n = self.size.get
        return Effects(
            np.bincount(self.customer, by_pair, n("customer")) if n("customer") else np.zeros(0),
            np.bincount(self.rater, by_pair, n("rater")) if n("rater") else np.zeros(0),
            by_pair if n("pair") else np.zeros(0),
            by_occasion if n("occasion") else np.zeros(0),
        )

    def at(self, par: Natural, effects: Effects) -> Terms:
        """Log-probability of each score and its derivatives."""
        eta = self.x @ par.beta + self.carry(effects)
        ends = []
        for at, end in ((self.upper, np.inf), (self.lower, -np.inf)):
            theta = par.theta[at]
            if self.central:
                middle = self.middle(par.theta)[at]
                theta = middle + np.exp(par.centrality[self.rater_of_score]) * (theta - middle)
            ends.append(np.where(at < 0, end, theta - eta))
        return terms(*ends, self.link)

    def middle(self, theta: np.ndarray) -> np.ndarray:
        """Mean threshold of its set, for each threshold."""
        at = np.repeat(np.arange(len(self.sets)), self.sets)
        return (np.bincount(at, theta) / np.asarray(self.sets))[at]

    @property
    def rater_of_score(self) -> np.ndarray:
        return self.rater[self.pair][self.occasion]

    @property
    def customer_of_score(self) -> np.ndarray:
        return self.customer[self.pair][self.occasion]

    def rise(self, par: Natural, effects: Effects, t: Terms) -> Effects:
        """Gradient of the joint density in the effects."""
        force, variance = self.gather(-self.weight * t.slope), self.variance(par)
        pairs = zip(Effects._fields, effects, force, strict=True)
        return Effects(*(g - u / variance[f] if u.size else u for f, u, g in pairs))

    def mode(
        self, par: Natural, start: Effects, steps: int = 60
    ) -> tuple[Effects, Precision, Terms, float]:
        """The effects that are likeliest given the scores, by Newton with halved steps."""
        effects, variance = start, self.variance(par)
        value, t = self._joint(par, effects)
        for _ in range(steps):
            precision = Precision(self, -self.weight * t.curve, variance)
            rise = self.rise(par, effects, t)
            step = precision.solve(rise)
            decrement = sum(float(a @ b) for a, b in zip(rise, step, strict=True))
            length = 1.0
            while True:
                trial = effects.plus(step, length)
                new, near = self._joint(par, trial)
                if new >= value - 1e-9 or length < 1e-6:
                    break
                length /= 2.0
            effects, value, t = trial, new, near
            if decrement < 1e-8:
                break
        return effects, Precision(self, -self.weight * t.curve, variance), t, value

    def _joint(self, par: Natural, effects: Effects) -> tuple[float, Terms]:
        t, variance = self.at(par, effects), self.variance(par)
        pairs = zip(Effects._fields, effects, strict=True)
        prior = sum(u @ u / variance[f] for f, u in pairs if u.size)
        return float(self.weight @ t.logp - 0.5 * prior), t

    # the likelihood without the effects

    def laplace(
        self, psi: np.ndarray, start: Effects
    ) -> tuple[float, np.ndarray, Effects, Precision]:
        """Marginal log-likelihood, its exact gradient, the mode and the precision there."""
        par = self.natural(psi)
        effects, precision, t, value = self.mode(par, start)
        variance, spread = self.variance(par), precision.spread()
        third, v = t.curve_a + t.curve_b, spread.score
        pull = precision.solve(self.gather(self.weight * v * third))
        along = self.carry(pull)
        by_eta = self.weight * (-t.slope - 0.5 * v * third - 0.5 * along * t.curve)
        by_ends = (
            self.weight * (t.by_a + 0.5 * v * t.curve_a + 0.5 * along * t.slope_a),
            self.weight * (t.by_b + 0.5 * v * t.curve_b + 0.5 * along * t.slope_b),
        )
        by_theta, by_centrality = self._by_thresholds(par, by_ends)
        by_sd = [
            (u @ u + total - p @ u) / variance[f] - u.size + self.boundary
            for f, u, p, total in zip(Effects._fields, effects, pull, spread.total, strict=True)
            if f in self.size
        ]
        by = Natural(by_theta, self.x.T @ by_eta, np.array(by_sd), by_centrality)
        value += self.penalty(par) - 0.5 * precision.log_ratio
        return value, self.pull(psi, by), effects, precision

    def penalty(self, par: Natural) -> float:
        prior = 0.5 * par.centrality @ par.centrality / self.central_sd**2
        return self.off_zero(par) - float(prior)

    def off_zero(self, par: Natural) -> float:
        """What keeps the spreads off zero."""
        return float(self.boundary * par.log_sd.sum())

    def _by_thresholds(
        self, par: Natural, by_ends: tuple[np.ndarray, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Gradient by thresholds and centralities, from that by the two ends of each score."""
        by_theta, by_centrality = np.zeros(par.theta.size), np.zeros(par.centrality.size)
        for at, by in zip((self.upper, self.lower), by_ends, strict=True):
            has = at >= 0
            at, by = at[has], by[has]
            if not self.central:
                by_theta += np.bincount(at, by, par.theta.size)
                continue
            rater = self.rater_of_score[has]
            apart = np.exp(par.centrality[rater])
            by_theta += np.bincount(at, by * apart, par.theta.size)
            by_theta += self.middle(np.bincount(at, by * (1.0 - apart), par.theta.size))
            distance = (par.theta - self.middle(par.theta))[at]
            by_centrality += np.bincount(rater, by * apart * distance, by_centrality.size)
        return by_theta, by_centrality - par.centrality / self.central_sd**2

    def closer(
        self, psi: np.ndarray, effects: Effects, precision: Precision
    ) -> tuple[Effects, float]:
        """What the next order adds to Laplace: posterior mean less mode, and log-likelihood.

        With few scores a customer the mode leans and the likelihood favors small spreads; the
        terms are those of Tierney & Kadane (1986) and of Shun & McCullagh (1995). Covariances of
        two scores are taken within a customer; those through a common rater are of higher order.
        """
        par, h = self.natural(psi), 1e-3
        spread, shift = precision.spread(), np.full(effects.customer.size, h)
        sides = []
        for step in (-h, h):
            t = self.at(par, effects._replace(customer=effects.customer + np.sign(step) * shift))
            sides.append(-self.weight * (t.curve_a + t.curve_b))
        third, fourth = (sides[0] + sides[1]) / 2.0, (sides[1] - sides[0]) / (2.0 * h)
        push = self.gather(third * spread.score)
        lean = self.zero().plus(precision.solve(push), 0.5)
        along = sum(float(a @ b) for a, b in zip(push, lean, strict=True)) / 4.0
        by_occasion = np.bincount(self.occasion, third, self.pair.size)
        passed = (1.0 - precision.shrink_occasion) ** 3 * by_occasion
        by_pair = np.bincount(self.pair, passed, self.customer.size)
        kept = (1.0 - precision.shrink_pair) ** 3 * by_pair
        above = spread.customer[self.customer] ** 3
        cubes = spread.customer**3 @ np.bincount(self.customer, kept, spread.customer.size) ** 2
        cubes += spread.by_pair**3 @ by_pair**2 - above @ kept**2
        first = np.zeros(self.pair.size)
        first[self.occasion] = spread.score
        cubes += first**3 @ by_occasion**2 - spread.by_pair[self.pair] ** 3 @ passed**2
        return lean, float(fourth @ spread.score**2 / 8.0 + along + cubes / 12.0)

    def _explicit(self, par: Natural, effects: Effects) -> tuple[Effects, np.ndarray, np.ndarray]:
        """Gradient of the joint density: in the effects, the thresholds and what follows them."""
        t = self.at(par, effects)
        ends = (self.weight * t.by_a, self.weight * t.by_b)
        by_theta, by_centrality = self._by_thresholds(par, ends)
        by_beta = self.x.T @ (-self.weight * t.slope)
        return self.rise(par, effects, t), by_theta, np.r_[by_beta, by_centrality]

    def inside(
        self, psi: np.ndarray, effects: Effects, precision: Precision, fixed: np.ndarray
    ) -> tuple[list[Effects], np.ndarray]:
        """How the mode moves with each fixed number, and their information, spreads held."""
        h, moves, pushes = 1e-5, [], []
        information = np.zeros((fixed.size, fixed.size))
        sides = []
        for step in np.vstack([np.zeros(psi.size), h * np.eye(psi.size)[fixed]]):
            par = self.natural(psi + step)
            rise, by_theta, rest = self._explicit(par, effects)
            k = self.x.shape[1]
            by = Natural(by_theta, rest[:k], np.zeros(len(self.size)), rest[k:])
            sides.append((rise, self.pull(psi + step, by)[fixed]))
        for i, (rise, slope) in enumerate(sides[1:]):
            push = Effects(*((a - b) / h for a, b in zip(rise, sides[0][0], strict=True)))
            information[:, i] = -(slope - sides[0][1]) / h
            moves.append(precision.solve(push))
            pushes.append(push)
        for i, push in enumerate(pushes):
            for j, move in enumerate(moves):
                information[i, j] -= sum(float(a @ b) for a, b in zip(push, move, strict=True))
        return moves, (information + information.T) / 2.0

    def response(
        self, psi: np.ndarray, effects: Effects, precision: Precision, which: list[int]
    ) -> list[Effects]:
        """How the mode moves with these free numbers: one set of effects a number."""
        moves, h = [], 1e-5
        for k in which:
            sides = []
            for step in (h, -h):
                near = self.natural(psi + step * (np.arange(psi.size) == k))
                sides.append(self.rise(near, effects, self.at(near, effects)))
            difference = sides[0].plus(sides[1], -1.0)
            moves.append(precision.solve(Effects(*(d / (2.0 * h) for d in difference))))
        return moves

    def quadrature(
        self, psi: np.ndarray, start: Effects, nodes: int = 21
    ) -> tuple[float, np.ndarray, Effects, Precision]:
        """The same, integrated over the only effect (customer) at `nodes` points."""
        if list(self.size) != ["customer"]:
            message = (
                "Quadrature integrates over customers alone; these scores also have "
                f"{[name for name in self.size if name != 'customer']}. Fit by Laplace instead."
            )
            raise ValueError(message)
        par = self.natural(psi)
        effects, precision, _, _ = self.mode(par, start)
        sd, rows = float(np.exp(par.log_sd[0])), self.customer_of_score
        scale = np.sqrt(2.0 / precision.large_diagonal)
        points = []
        for z, w in zip(*hermgauss(nodes), strict=True):
            u = effects.customer + scale * z
            t = self.at(par, effects._replace(customer=u))
            log = np.bincount(rows, self.weight * t.logp, u.size) - 0.5 * (u / sd) ** 2
            points.append((log + z**2 + np.log(w), u, t))
        logs = (
            np.array([log for log, _, _ in points]) + np.log(scale / sd) - 0.5 * np.log(2 * np.pi)
        )
        each = logsumexp(logs, axis=0)
        by_a, by_b, by_sd = np.zeros(rows.size), np.zeros(rows.size), self.boundary
        for share, (_, u, t) in zip(np.exp(logs - each), points, strict=True):
            by_a += self.weight * share[rows] * t.by_a
            by_b += self.weight * share[rows] * t.by_b
            by_sd += share @ ((u / sd) ** 2 - 1.0)
        by_theta, by_centrality = self._by_thresholds(par, (by_a, by_b))
        by = Natural(by_theta, -self.x.T @ (by_a + by_b), np.array([by_sd]), by_centrality)
        return float(each.sum()) + self.penalty(par), self.pull(psi, by), effects, precision


def maximize(
    criterion: Callable[[np.ndarray], tuple[float, np.ndarray]], start: np.ndarray
) -> tuple[np.ndarray, np.ndarray, bool]:
    """The free numbers at the maximum, their covariance there, and whether the climb settled.

    Quasi-Newton in coordinates in which the start's Hessian is the unit matrix; then Newton steps.
    Hessians are differences of the exact gradient.
    """
    values, vectors = np.linalg.eigh(_hessian(criterion, start))
    unit = vectors / np.sqrt(np.maximum(np.abs(values), 1e-2))
    found = minimize(
        lambda z: _downhill(criterion, start + unit @ z, unit),
        np.zeros(start.size),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 500, "ftol": 1e-10, "gtol": 1e-3, "maxcor": 20},
    )
    psi = start + unit @ found.x
    for _ in range(4):
        values, vectors = np.linalg.eigh(_hessian(criterion, psi))
        told = values > 1e-8 * max(1.0, values.max())
        covariance = (vectors[:, told] / values[told]) @ vectors[:, told].T
        value, gradient = criterion(psi)
        for _ in range(4):
            step = covariance @ gradient
            if abs(gradient @ step) < 1e-6:
                return psi, covariance, bool(told.all())
            trial = psi + np.clip(step, -1.0, 1.0)
            after = criterion(trial)
            if after[0] < value:
                break
            psi, (value, gradient) = trial, after
    return psi, covariance, bool(told.all() and abs(gradient @ step) < 1e-3)


def _downhill(criterion, psi: np.ndarray, unit: np.ndarray) -> tuple[float, np.ndarray]:
    """For a minimizer; where no likelihood can be computed it is as low as nothing else."""
    value, gradient = criterion(psi)
    return (-value, -(unit.T @ gradient)) if np.isfinite(value) else (1e300, np.zeros(psi.size))


def _hessian(criterion, psi: np.ndarray, h: float = 1e-4) -> np.ndarray:
    """Of minus the criterion, by differences of its gradient."""
    _, here = criterion(psi)
    columns = [(here - criterion(psi + step)[1]) / h for step in h * np.eye(psi.size)]
    return (np.array(columns) + np.array(columns).T) / 2.0
