"""What is wrong with a fit: evidence and cure in a sentence, beside the numbers it makes doubtful.

A climb may end before a top, at the edge of what a model can be, on a ridge, or on one of two tops
that the data hardly tell apart. Any model may meet these; what it alone can meet, it adds itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from goodlib.value.optimum import Optimum

if TYPE_CHECKING:
    from goodlib.value.inference import Model

FAR = 12.0  # |log parameter| beyond which the optimum is called a boundary: e^12 = 160,000 times
TOLD = 1.92  # a top lower than this is outside the 95 % region of the likelihood
WIDE = 2.0  # a standard error of a log parameter above this says nothing: e^(1.96 * 2) = 50-fold


class Problem(NamedTuple):
    """What is wrong with a fit: its name, the evidence and the cure."""

    name: str
    evidence: str
    cure: str

    def __str__(self) -> str:
        return f"{self.name}: {self.evidence}. {self.cure}."


def find_problems(model: Model, optimum: Optimum, climbs: list[Optimum]) -> list[Problem]:
    """All that is wrong with the end of a fit, which is the highest of these climbs."""
    return [*_of_the_end(model, optimum), *_of_other_ends(model, optimum, climbs)]


def _of_the_end(model: Model, optimum: Optimum) -> list[Problem]:
    """What can go wrong with any fit, then what the model adds."""
    found = []
    names = np.array(model.names)
    if not optimum.converged:
        evidence = (
            f"{optimum.evaluations} evaluations, largest slope {np.abs(optimum.gradient).max():.2g}"
        )
        found.append(
            Problem("did not converge", evidence, "Pass another `start` or a simpler model")
        )
    far = (np.abs(optimum.theta - model.everyday) > FAR) & model.log_mask
    if far.any():
        values = ", ".join(
            f"{name} {value:.3g}"
            for name, value in zip(names[far], model.to_params(optimum.theta)[far], strict=True)
        )
        found.append(
            Problem("at the boundary", values, "A simpler model describes these data as well")
        )
    if not np.isfinite(optimum.hessian).all():
        cure = "Look for times or numbers far from all others"
        return [*found, Problem("not finite", "the likelihood has no slope at its end", cure)]
    curvature, axes = np.linalg.eigh(-optimum.hessian)
    if curvature[0] <= 1e-9 * abs(curvature[-1]):
        loose = ", ".join(names[np.abs(axes[:, 0]) > 0.3])
        cure = "Use a simpler model, more history, or the posterior, whose prior holds it"
        found.append(Problem("not identified", f"the likelihood is flat along {loose}", cure))
    else:
        se = np.sqrt(np.diag((axes / curvature) @ axes.T))
        wide = (se > WIDE) & model.log_mask
        if wide.any():
            values = ", ".join(
                f"{name} to within a factor of {np.exp(min(1.96 * error, 30.0)):.3g}"
                for name, error in zip(names[wide], se[wide], strict=True)
            )
            cure = "Read the posterior, not this point"
            found.append(Problem("standard errors blown up", f"the data fix {values}", cure))
    return found + model.problems(optimum)


def _of_other_ends(model: Model, optimum: Optimum, climbs: list[Optimum]) -> list[Problem]:
    """A top elsewhere that the data hardly tell from the one taken."""
    for other in climbs:
        below = optimum.value - other.value
        far = np.abs(other.theta - optimum.theta).max() > 0.5
        if other.converged and far and 1e-3 < below < TOLD:
            values = model.to_params(other.theta)
            there = ", ".join(f"{n} {v:.3g}" for n, v in zip(model.names, values, strict=True))
            evidence = f"another lies {below:.2g} lower in log-likelihood, at {there}"
            cure = "Read the profile intervals, use more history, or hold the other by a prior"
            return [Problem("two tops", evidence, cure)]
    return []
