"""Integrals of the purchase models, each by a rule whose terms are all positive: nothing cancels.

Gauss-Legendre and the trapezoid rule, after a change of variable matched to the integrand. Closed
forms with 2F1 exist for most of these and lose every digit where customers buy often.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

Array = np.ndarray


@lru_cache(maxsize=16)
def legendre(nodes: int) -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights on (0, 1)."""
    at, weight = np.polynomial.legendre.leggauss(nodes)
    return 0.5 * (at + 1), 0.5 * weight


def lifetime_nodes(
    power: Array, s: float, alpha: Array, beta: Array, start: Array, end: Array, nodes: int = 0
) -> tuple[Array, Array, Array, Array]:
    """Where and with what weight to add up the density of having left between `start` and `end`.

    For the integral over t of (alpha + t)^-power (beta + t)^-(s + 1) relative to its value at
    `start`: returns t - start, log((alpha + t)/(alpha + start)), log((beta + t)/(beta + start)) and
    the weights including the integrand, each of shape (nodes, n).

    The map t = start + C (e^z - 1), z = -log(1 - m y)/m follows the integrand's slope and bend at
    `start`: with A = power/(alpha + start), B = (s + 1)/(beta + start), k1 = A + B,
    k2 = A/(alpha + start) + B/(beta + start) it takes C = k1/k2 and m = (k1^2/k2 - 1)/8. How well
    it follows depends on how far apart the two times alpha + start and beta + start are, and so
    does the number of nodes, unless given (docs/accuracy.md).
    """
    first, second = 1.0 / (alpha + start), 1.0 / (beta + start)
    A, B = power * first, (s + 1) * second
    k1, k2 = A + B, A * first + B * second
    C = k1 / k2
    m = (k1 * C - 1) / 8
    m = np.where(np.abs(m) < 1e-7, 1e-7, m)
    Y = -np.expm1(-m * np.log1p((end - start) / C)) / m
    at, weight = legendre(nodes or _enough(first, second))
    stretch = np.log1p(np.multiply.outer(-at, m * Y)) / -m
    grown = C * np.expm1(stretch)
    u, v = np.log1p(grown * first), np.log1p(grown * second)
    density = np.exp((1 + m) * stretch - power * u - (s + 1) * v)
    density *= np.multiply.outer(weight, C * Y)
    return grown, u, v, density


def _enough(first: Array, second: Array) -> int:
    """Nodes for 1e-11, by the largest distance of the two times on the log scale."""
    apart = max(np.max(first / second), np.max(second / first))
    return 8 if apart < 1.3 else 12 if apart < 2.0 else 16 if apart < 3.5 else 32


@lru_cache(maxsize=4096)
def beta_nodes(a: float, b: float, step: float = 0.06) -> tuple[Array, Array]:
    """Nodes p in (0, 1) and weights that sum to 1 for the mean of a function under Beta(a, b).

    Trapezoid rule in tau, logit p = log(a/b) + w sinh(tau): nodes lie evenly around the bulk and
    ever wider apart in log p in the tails, so a function that turns anywhere on the scale of log p
    is met.
    """
    centre, width = np.log(a / b), min(1.0, np.sqrt(1 / a + 1 / b))
    left = np.arcsinh((45 / a + max(centre, 0.0) + 10) / width)
    right = np.arcsinh((45 / b + max(-centre, 0.0) + 10) / width)
    tau = np.arange(-left, right + step, step)
    logit = centre + width * np.sinh(tau)
    log_p, log_q = -np.logaddexp(0, -logit), -np.logaddexp(0, logit)
    log_weight = a * log_p + b * log_q + np.log(np.cosh(tau))
    weight = np.exp(log_weight - log_weight.max())
    kept = weight > 1e-18
    weight = weight[kept] / weight[kept].sum()
    return np.maximum(np.exp(log_p[kept]), 1e-290), weight


@lru_cache(maxsize=4096)
def gamma_nodes(shape: float, step: float = 0.06) -> tuple[Array, Array]:
    """Nodes g > 0 and weights that sum to 1 for the mean of a function under Gamma(shape, 1).

    Trapezoid rule in tau, log g = log(shape) + w sinh(tau), for the same reason as `beta_nodes`.
    """
    centre, width = np.log(shape), min(1.0, 1 / np.sqrt(shape))
    left = np.arcsinh((45 / shape + np.sqrt(90 / shape) + 1) / width)
    right = np.arcsinh((np.log(shape + 45 + 10 * np.sqrt(shape)) - centre) / width)
    tau = np.arange(-left, right + step, step)
    log_g = centre + width * np.sinh(tau)
    log_weight = shape * (log_g - centre) - np.exp(log_g) + shape + np.log(np.cosh(tau))
    weight = np.exp(log_weight - log_weight.max())
    kept = weight > 1e-18
    return np.maximum(np.exp(log_g[kept]), 1e-290), weight[kept] / weight[kept].sum()


def beta_mean(function: Callable[[Array, Array], Array], a: Array, b: Array) -> Array:
    """Mean over p ~ Beta(a, b) of function(p, rows) for each row; a one number or one a row.

    `function` gets the nodes, shape (nodes,), and the numbers of the rows that share them, and
    returns an array (rows, nodes). Rows with the same a and b share one set of nodes.
    """
    a = np.broadcast_to(np.asarray(a, dtype=float), b.shape)
    pairs, group = np.unique(np.column_stack([a, b]), axis=0, return_inverse=True)
    order = np.argsort(group, kind="stable")
    edges = np.searchsorted(group[order], np.arange(len(pairs) + 1))
    answer = np.empty(len(b))
    for number, (first, second) in enumerate(pairs):
        p, weight = beta_nodes(float(first), float(second))
        for start in range(edges[number], edges[number + 1], 512):
            rows = order[start : min(start + 512, edges[number + 1])]
            answer[rows] = function(p, rows) @ weight
    return answer
