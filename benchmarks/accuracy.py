"""How many digits do the purchase models keep? Against 50-digit arithmetic on a hard grid.

    python benchmarks/accuracy.py [points]     # writes the tables of docs/accuracy.md to the screen

Hard: r, s, a, b from .001 to 50, alpha, beta from .01 to 1000, x to 1000, T to 2000, all even on
the log scale, t_x anywhere. Plausible: r, s, a, b from .1 to 5, alpha, beta from 1 to 100, x to
60, T to 200.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache

import mpmath as mp
import numpy as np
import pandas as pd

from goodlib.value.betageo import BetaGeo
from goodlib.value.pareto import Pareto

mp.mp.dps = 50
DELTA = 0.0027


def points(n: int, hard: bool, seed: int) -> pd.DataFrame:
    """Parameters and histories, even on the log scale."""
    rng = np.random.default_rng(seed)
    shape, scale = ((1e-3, 50), (0.01, 1000)) if hard else ((0.1, 5), (1, 100))
    most, longest = (1000, 2000) if hard else (60, 200)

    def even(low: float, high: float) -> np.ndarray:
        return np.exp(rng.uniform(np.log(low), np.log(high), n))

    frame = pd.DataFrame({"r": even(*shape), "alpha": even(*scale), "s": even(*shape)})
    frame["beta"], frame["b"] = even(*scale), even(*shape)
    frame["x"] = np.floor(even(1, most + 1)).astype(int) - (rng.random(n) < 0.15)
    frame["T"] = even(1, longest)
    share = rng.beta(0.7, 0.7, n)
    frame["recency"] = np.where(frame["x"] > 0, np.maximum(share, 1e-3) * frame["T"], 0.0)
    return frame.assign(t=even(1, longest))


def exact_pareto(p: pd.Series) -> dict[str, mp.mpf]:
    """Log-likelihood, P(alive), expectation and DERT of one history."""
    r, alpha, s, beta, T, recency, t = (mp.mpf(p[k]) for k in "r alpha s beta T recency t".split())
    x = int(p["x"])

    def density(z: mp.mpf) -> mp.mpf:  # t = recency + c (e^z - 1)
        grown = c * mp.expm1(z)
        first = mp.power(1 + grown / (alpha + recency), -(r + x))
        return first * mp.power(1 + grown / (beta + recency), -(s + 1)) * c * mp.exp(z)

    c = 1 / ((r + x) / (alpha + recency) + (s + 1) / (beta + recency))
    far = mp.log1p((T - recency) / c)
    left = s / (beta + recency) * mp.quad(density, mp.linspace(0, far, 2 + int(far)))
    end = mp.power((alpha + T) / (alpha + recency), -(r + x))
    active = end * mp.power((beta + T) / (beta + recency), -s)
    shared = mp.log(mp.rf(r, x)) + r * mp.log(alpha) + s * mp.log(beta)
    shared -= (r + x) * mp.log(alpha + recency) + s * mp.log(beta + recency)
    B = beta + T
    alive = active / (active + left)
    rate = alive * (r + x) / (alpha + T)
    return {
        "log-likelihood": shared + mp.log(active + left),
        "P(alive)": alive,
        "expected purchases": rate * B / (s - 1) * (1 - mp.power(B / (B + t), s - 1)),
        "DERT": rate * B * mp.exp(DELTA * B) * mp.expint(s, DELTA * B),
    }


def exact_beta_geo(p: pd.Series) -> dict[str, mp.mpf]:
    """The same for BG/NBD (a is the column s)."""
    r, alpha, a, b, T, recency, t = (mp.mpf(p[k]) for k in "r alpha s b T recency t".split())
    x = int(p["x"])
    shared = mp.log(mp.rf(r, x)) + r * mp.log(alpha)
    stay = mp.beta(a, b + x) / mp.beta(a, b) * mp.power(alpha + T, -(r + x))
    go = mp.beta(a + 1, b + x - 1) / mp.beta(a, b) * mp.power(alpha + recency, -(r + x)) if x else 0
    alive = stay / (stay + go)
    A, R, B = alpha + T, r + x, b + x
    power = mp.power(A / (A + t), R) * mp.hyp2f1(R, B, a + B - 1, t / (A + t))
    return {
        "log-likelihood": shared + mp.log(stay + go),
        "P(alive)": alive,
        "expected purchases": alive * (a + B - 1) / (a - 1) * (1 - power),
    }


def exact_beta_geo_dert(p: pd.Series) -> mp.mpf:
    """E[lambda/(delta + lambda p)]: the gamma integral closed, the beta one by quadrature in log
    p.
    """
    r, alpha, a, b, T = (mp.mpf(p[k]) for k in "r alpha s b T".split())
    x = int(p["x"])
    A, R, B = alpha + T, r + x, b + x

    def inner(y: mp.mpf) -> mp.mpf:  # p = 1/(1 + e^-y)
        chance = 1 / (1 + mp.exp(-y))
        z = A * DELTA / chance
        weight = mp.power(chance, a) * mp.power(1 - chance, B)
        return weight * R / chance * mp.exp(z) * mp.expint(R + 1, z)

    with mp.workdps(20):
        cuts = [-640, -320, -160, -80, -40, -20, -12, -8, -6, -4, -2, 0, 2, 4, 8, 16, 40, 80]
        mean = mp.quad(inner, cuts) / mp.beta(a, B)
    return exact_beta_geo(p)["P(alive)"] * mean


def errors(frame: pd.DataFrame) -> pd.DataFrame:
    """Errors of each quantity: of the log for the likelihood, relative for the others."""
    histories = [frame[k].to_numpy() for k in ("x", "recency", "T")]
    rows = []
    for position in range(len(frame)):
        p = frame.iloc[position]
        history = [column[position : position + 1] for column in histories]
        pareto, bg = Pareto(), BetaGeo(1, 0)
        laws = {
            "Pareto/NBD": (pareto, [p["r"], p["alpha"], p["s"], p["beta"]], exact_pareto(p)),
            "BG/NBD": (bg, [p["r"], p["alpha"], p["s"], p["b"]], exact_beta_geo(p)),
        }
        for name, (law, params, truth) in laws.items():
            answers = {
                "log-likelihood": law.loglike(*params, *history),
                "P(alive)": law.p_alive(*params, *history),
                "expected purchases": law.expected(p["t"], *params, *history),
                "DERT": law.dert(DELTA, *params, *history),
            }
            for quantity, true in truth.items():
                answer = mp.mpf(float(answers[quantity][0]))
                floor = 1 if quantity == "log-likelihood" else abs(true)
                floor = max(floor, mp.mpf("1e-300"))
                error = float(abs(answer - true) / floor)
                rows.append({"model": name, "quantity": quantity, "error": error})
    return pd.DataFrame(rows)


def beta_geo_dert(frame: pd.DataFrame) -> pd.DataFrame:
    """Errors of the DERT of BG/NBD; where points are hard, mpmath's own series do not converge."""
    rows = []
    for position in range(len(frame)):
        p = frame.iloc[position]
        history = [frame[k].to_numpy()[position : position + 1] for k in ("x", "recency", "T")]
        ours = BetaGeo(1, 0).dert(DELTA, *[p[k] for k in ("r", "alpha", "s", "b")], *history)[0]
        true = exact_beta_geo_dert(p)
        error = float(abs(ours - true) / true)
        rows.append({"model": "BG/NBD", "quantity": "DERT", "error": error})
    return pd.DataFrame(rows)


def _near(p: pd.Series, names: list[str], exact: Callable, h: mp.mpf) -> Callable[..., mp.mpf]:
    """The exact log-likelihood some steps of h away in the log parameters, each place once."""

    @cache
    def at(*steps: int) -> mp.mpf:
        q = {k: mp.mpf(float(p[k])) for k in p.index}
        for k, step in zip(names, steps, strict=True):
            q[k] *= mp.exp(int(step) * h)
        return exact(q)["log-likelihood"]

    return at


def slopes(frame: pd.DataFrame) -> pd.DataFrame:
    """Errors of gradient and Hessian in the log parameters, relative to the largest entry or 1."""
    rows, h = [], mp.mpf("1e-12")
    for position in range(len(frame)):
        p = frame.iloc[position]
        history = [frame[k].to_numpy()[position : position + 1] for k in ("x", "recency", "T")]
        laws = {
            "Pareto/NBD": (Pareto(), ["r", "alpha", "s", "beta"], exact_pareto),
            "BG/NBD": (BetaGeo(1, 0), ["r", "alpha", "s", "b"], exact_beta_geo),
        }
        for name, (law, names, exact) in laws.items():
            at = _near(p, names, exact, h)
            unit = np.eye(4, dtype=int)
            slope = [(at(*e) - at(*-e)) / (2 * h) for e in unit]
            bend = [
                [
                    (at(*(e + f)) - at(*(e - f)) - at(*(f - e)) + at(*(-e - f))) / (4 * h * h)
                    for f in unit
                ]
                for e in unit
            ]
            _, g, H = law.derivatives(*[p[k] for k in names], *history)
            for quantity, ours, true in (
                ("gradient", g[:, 0], slope),
                ("Hessian", H[..., 0], bend),
            ):
                exactly = np.array(mp.matrix(true).tolist(), dtype=float).reshape(ours.shape)
                error = np.abs(ours - exactly).max() / max(1.0, np.abs(exactly).max())
                rows.append({"model": name, "quantity": quantity, "error": error})
    return pd.DataFrame(rows)


def table(frame: pd.DataFrame) -> pd.DataFrame:
    """Points, not finite, and the median, 99th percentile and largest error."""
    groups = frame.groupby(["model", "quantity"])["error"]
    columns = {
        "points": groups.size(),
        "not finite": groups.apply(lambda e: int((~np.isfinite(e)).sum())),
        "median": groups.median(),
        "p99": groups.quantile(0.99),
        "largest": groups.max(),
    }
    return pd.DataFrame(columns)


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    for hard in (True, False):
        print("hard grid" if hard else "plausible points")
        with np.errstate(all="ignore"):
            found = errors(points(size, hard, seed=1))
            bent = slopes(points(max(size // 10, 5), hard, seed=2))
            plain = [] if hard else [beta_geo_dert(points(max(size // 5, 5), hard, seed=4))]
            print(table(pd.concat([found, bent, *plain])).to_string(float_format="{:.1e}".format))
