"""The multiple-choice knapsack: one level for each, as much as possible, under shared limits.

maximise  sum_ij mix_ij x_ij   with one x_ij = 1 for each i, and each limit's sum_ij use_ij x_ij
kept (Kellerer, Pferschy & Pisinger 2004, Knapsack Problems, ch. 11). The linear relaxation leaves
at most as many i between two levels as there are limits, so for many i the exact choice among those
few is within a proven hair of the best; where it is not, HiGHS branches over all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp


class InfeasiblePlan(ValueError):
    """No choice keeps all limits; the message names those that clash and the smallest
    relaxation."""


class Limit(NamedTuple):
    """Something that all choices together must keep."""

    name: str
    use: np.ndarray
    """What each choice uses of it, shape (candidates, levels)."""
    bound: float
    """At most this much, or at least if `least`."""
    least: bool = False


class Choice(NamedTuple):
    """The best choice found."""

    chosen: np.ndarray
    """Position of each candidate's level, shape (candidates,)."""
    objective: float
    gap: float
    """Proven relative distance to the best possible objective."""


def choose(
    mix: np.ndarray, limits: Sequence[Limit], allowed: np.ndarray, *, gap: float = 1e-3
) -> Choice:
    """The level of each candidate that brings most in all, to a proven relative `gap`.

    Parameters
    ----------
    mix : array, shape (candidates, levels)
        What each choice brings.
    limits : sequence of Limit
    allowed : array of bool, shape (candidates, levels)
    gap : float
        Relative distance to the best possible at which the search ends.

    Raises
    ------
    InfeasiblePlan
        No choice keeps all limits.
    """
    share = relaxation(mix, limits, allowed)
    best = float((mix * share).sum())
    settled = share.max(axis=1) > 1 - 1e-6
    few = allowed & (~settled[:, None] | (share > 0.5))
    for options in (few, allowed):
        answer = milp(
            -mix.ravel(),
            integrality=np.ones(mix.size),
            bounds=Bounds(0, options.ravel().astype(float)),
            constraints=[_rows(limits), LinearConstraint(_one_each(mix.shape), 1, 1)],
            options={"mip_rel_gap": gap if options is allowed else gap / 100, "time_limit": 120},
        )
        if answer.x is None:
            continue
        chosen = answer.x.reshape(mix.shape).argmax(axis=1)
        objective = float(mix[np.arange(len(mix)), chosen].sum())
        bound = best if options is few else min(best, -float(answer.mip_dual_bound))
        distance = max(bound - objective, 0.0) / max(abs(objective), 1e-12)
        if options is allowed or distance <= gap:
            return Choice(chosen, objective, distance)
    raise InfeasiblePlan(clash(limits, allowed))


def relaxation(mix: np.ndarray, limits: Sequence[Limit], allowed: np.ndarray) -> np.ndarray:
    """The best shares when a candidate may be split between levels, shape (candidates, levels)."""
    answer = linprog(
        -mix.ravel(),
        A_ub=sparse.csr_array(np.vstack([_sign(limit) * limit.use.ravel() for limit in limits])),
        b_ub=[_sign(limit) * limit.bound for limit in limits],
        A_eq=_one_each(mix.shape),
        b_eq=np.ones(len(mix)),
        bounds=np.column_stack([np.zeros(mix.size), allowed.ravel()]),
    )
    if answer.x is None:
        raise InfeasiblePlan(clash(limits, allowed))
    return answer.x.reshape(mix.shape)


def settle(mix: np.ndarray, limits: Sequence[Limit], allowed: np.ndarray) -> np.ndarray:
    """Position of each candidate's level in the relaxation; who is split gets the larger share.

    Under one limit alone the relaxation is known but for its price: everybody takes the level that
    brings most beyond what it uses at that price, and the price is found by halving. Where that
    keeps all other limits too it is the answer to all; else the whole programme is solved.
    """
    first, open_mix = limits[0], np.where(allowed, mix, -np.inf)
    rows = np.arange(len(mix))

    def at(price: float) -> np.ndarray:
        return (open_mix - price * first.use).argmax(axis=1)

    least = np.where(allowed, first.use, np.inf).min(axis=1).sum()
    if not first.least and least <= first.bound:
        low, high = 0.0, 1.0
        chosen = at(low)
        if first.use[rows, chosen].sum() > first.bound:
            while first.use[rows, at(high)].sum() > first.bound:
                low, high = high, high * 8
            for _ in range(60):
                middle = (low + high) / 2
                if first.use[rows, at(middle)].sum() > first.bound:
                    low = middle
                else:
                    high = middle
            chosen = _split(at(low), at(high), first)
        if all(_kept(limit, chosen) for limit in limits[1:]):
            return chosen
    return relaxation(mix, limits, allowed).argmax(axis=1)


def _split(more: np.ndarray, less: np.ndarray, limit: Limit) -> np.ndarray:
    """Just above the price some take less than just below it: as many as still fit, take more."""
    rows, chosen = np.arange(len(less)), less.copy()
    room = limit.bound - limit.use[rows, less].sum()
    for i in np.flatnonzero(more != less):
        step = limit.use[i, more[i]] - limit.use[i, less[i]]
        if room >= step / 2:  # the larger share of the one that is split
            chosen[i] = more[i]
        room -= step
        if room <= 0:
            break
    return chosen


def _kept(limit: Limit, chosen: np.ndarray) -> bool:
    used = float(limit.use[np.arange(len(chosen)), chosen].sum())
    slack = 1e-9 * max(abs(limit.bound), 1.0)
    return used >= limit.bound - slack if limit.least else used <= limit.bound + slack


def smallest_relaxation(limits: Sequence[Limit], allowed: np.ndarray) -> np.ndarray:
    """By how much each limit must give so that all hold: least in sum, each in its bound."""
    signs = np.array([_sign(limit) for limit in limits])
    bounds = np.array([limit.bound for limit in limits], float)
    units = np.maximum(np.abs(bounds), 1e-12)
    use = np.vstack([limit.use.ravel() for limit in limits]) * (signs / units)[:, None]
    size, count = allowed.size, len(limits)
    answer = linprog(
        np.concatenate([np.zeros(size), np.ones(count)]),
        A_ub=sparse.hstack([sparse.csr_array(use), -sparse.eye_array(count)]),
        b_ub=signs * bounds / units,
        A_eq=sparse.hstack([_one_each(allowed.shape), sparse.csr_array((len(allowed), count))]),
        b_eq=np.ones(len(allowed)),
        bounds=[*((0, float(a)) for a in allowed.ravel()), *((0, None) for _ in limits)],
    )
    return answer.x[size:] * units


def clash(limits: Sequence[Limit], allowed: np.ndarray) -> str:
    """Which limits cannot hold together (none of them can be left out), and what would do."""
    clashing = list(limits)
    for limit in limits:
        rest = [other for other in clashing if other is not limit]
        if rest and smallest_relaxation(rest, allowed).max() > 1e-9:
            clashing = rest
    cures = [
        f"{'lower' if limit.least else 'raise'} {limit.name} from {limit.bound:,.4g} "
        f"to {limit.bound + _sign(limit) * by:,.4g}"
        for limit, by in zip(limits, smallest_relaxation(limits, allowed), strict=True)
        if by > 1e-9 * max(abs(limit.bound), 1)
    ]
    names = " and ".join(limit.name for limit in clashing)
    cannot = "cannot hold together" if len(clashing) > 1 else "cannot hold"
    return (
        f"No plan keeps all limits: {names} {cannot} for {len(allowed):,} candidates. "
        f"The smallest relaxation: {'; '.join(cures)}."
    )


def _sign(limit: Limit) -> float:
    return -1.0 if limit.least else 1.0


def _rows(limits: Sequence[Limit]) -> LinearConstraint:
    rows = np.vstack([_sign(limit) * limit.use.ravel() for limit in limits])
    return LinearConstraint(
        sparse.csr_array(rows), -np.inf, [_sign(limit) * limit.bound for limit in limits]
    )


def _one_each(shape: tuple[int, int]) -> sparse.csr_array:
    return sparse.csr_array(sparse.kron(sparse.eye_array(shape[0]), np.ones((1, shape[1]))))
