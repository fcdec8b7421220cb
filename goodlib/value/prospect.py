"""People who have not bought yet: who never will, who will, and when.

A cure model with a memory for losses. A share of the prospects never converts; the others do after
a time T: P(won by t) = (1 - never) F(t). Those who never will are crossed off after a time of their
own, so a long silence counts twice: the ready ones would have come, the others were not yet
crossed off. Where no loss is known this is the classical cure model (Boag 1949; Farewell 1982).

    won at t      (1 - never) f(t)
    lost at t     never g(t);  lost on an unknown day before t: never G(t)
    open at t     (1 - never) (1 - F(t)) + never (1 - G(t))

Habits change. With `since`, only what happened after that day counts, at whatever age (period
analysis: Brenner & Gefeller 1996): who had been met before enters at the age e reached then,
divided by the probability of being in sight still, (1 - never) (1 - F(e)) + never (1 - (1 - u)
G(e)), where u is the share of losses without a date: those stay in sight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from formulaic import model_matrix
from scipy.special import expit, log_expit, logit, ndtri
from statsmodels.duration.survfunc import SurvfuncRight

from goodlib.value.funnel import check_stages, read_funnel
from goodlib.value.inference import Model, Optimum, Results
from goodlib.value.problem import Problem
from goodlib.value.waiting import CEILING, FAMILIES, FLOOR

FEW = 10  # won prospects below which a fit is called weak


@dataclass(frozen=True, eq=False)
class ProspectResults(Results):
    """A fitted funnel: the share that never converts, and what may come of each open prospect."""

    @cached_property
    def never(self) -> pd.Series:
        """Share of all prospects that never converts: estimate, lower, upper (95 %).

        The mean of the prospects' own probabilities (of those met after `since`, where it is
        given); the interval is built on the logit scale.
        """
        X = self.model.X[self.model.fresh]
        share = self.delta(lambda params: logit(expit(X @ self._betas(params)).mean()))
        point = share.loc[0, ["estimate", "lower", "upper"]].astype(float)
        return pd.Series(expit(point), name="never")

    def p_won(self, days: float, alpha: float = 0.05) -> pd.DataFrame:
        """Probability that each open prospect is won within the next `days`.

        Given that it is open today at its age a: (F(a + days) - F(a)) (1 - never) / P(open at a).
        The interval carries the uncertainty of the parameters, on the logit scale. A prospect
        without first contact gets the mean over the ages of those that have one, and an interval
        that reaches over them.

        Parameters
        ----------
        days : float, > 0
            Length of the future, in days.
        alpha : float
            The interval has level 1 - `alpha`.

        Returns
        -------
        DataFrame, one row an open prospect, by `prospect_id`
            p_won, lower, upper.
        """
        ahead, theta = _days(days), self.optimum.theta
        chance = self._logit_won(theta, ahead)
        steps = 1e-5 * np.eye(len(theta))
        slope = [
            (self._logit_won(theta + h, ahead) - self._logit_won(theta - h, ahead)) for h in steps
        ]
        jacobian = np.stack(slope, axis=-1) / 2e-5
        error = np.sqrt(np.einsum("ij,jk,ik->i", jacobian, self.covariance, jacobian))
        reach = ndtri(1 - alpha / 2) * error
        table = {"p_won": chance, "lower": chance - reach, "upper": chance + reach}
        frame = pd.DataFrame({k: expit(v) for k, v in table.items()}, index=self.model.open.index)
        return self._with_undated(frame, alpha)

    def draw_p_won(self, days: float, draws: int, seed: int) -> pd.DataFrame:
        """p_won of each open prospect at draws of the parameters: rows prospects, columns draws.

        Parameters are drawn from the normal law of the estimates; a prospect without first contact
        takes the chance of a random dated one in each draw.
        """
        random = np.random.default_rng(seed)
        thetas = random.multivariate_normal(self.optimum.theta, self.covariance, draws)
        chance = expit(np.column_stack([self._logit_won(t, _days(days)) for t in thetas]))
        frame = pd.DataFrame(chance, index=self.model.open.index, columns=range(draws))
        undated = self.model.undated
        if len(undated) and len(frame):
            row = random.integers(len(frame), size=(len(undated), draws))
            extra = pd.DataFrame(
                chance[row, np.arange(draws)], index=undated.index, columns=range(draws)
            )
            frame = pd.concat([frame, extra]).rename_axis("prospect_id")
        return frame

    def curve(self, days: np.ndarray, alpha: float = 0.05) -> pd.DataFrame:
        """Share of all prospects won by each day after first contact, beside Kaplan-Meier's.

        For Kaplan-Meier a lost prospect stays at risk until the as-of date, as one who never came;
        with `since`, each is at risk from the age reached then.

        Returns
        -------
        DataFrame, one row a day
            day, won (the model's), lower, upper, kaplan_meier.
        """
        at, fresh = np.asarray(days, float), self.model.fresh
        X, Z = self.model.X[fresh], self.model.Z[fresh]

        def won(params: pd.Series) -> np.ndarray:
            betas, scales = self._betas(params), self._scales(params)
            u = np.exp(self._shape(params)) * (np.log(at)[:, None] - (Z @ scales)[None])
            survivor = np.exp(self.model.family.survivor(u)[0])
            return logit(((1 - expit(X @ betas)) * (1 - survivor)).mean(axis=1))

        frame = expit(self.delta(won, alpha)[["estimate", "lower", "upper"]])
        frame.columns = ["won", "lower", "upper"]
        seen = self.model.counted
        steps = np.searchsorted(seen.surv_times, at, side="right")
        frame["kaplan_meier"] = 1 - np.concatenate([[1.0], seen.surv_prob])[steps]
        frame.insert(0, "day", at)
        return frame

    def hazard(self, days: np.ndarray) -> np.ndarray:
        """Minus the logarithm of the share not won by an age, one age for each prospect fitted."""
        parts, m = self.model.parts(self.optimum.theta), self.model
        age = np.maximum(np.asarray(days, float), 1e-9)
        u = np.clip(parts.shape * (np.log(age) - m.Z @ parts.scale), FLOOR, CEILING)
        score = m.X @ parts.never
        return -np.logaddexp(log_expit(-score) + m.family.survivor(u)[0], log_expit(score))

    # how

    def _betas(self, params: pd.Series) -> np.ndarray:
        return params.to_numpy()[: self.model.X.shape[1]]

    def _scales(self, params: pd.Series) -> np.ndarray:
        start = self.model.X.shape[1]
        return params.to_numpy()[start : start + self.model.Z.shape[1]]

    def _shape(self, params: pd.Series) -> float:
        return float(np.log(params["shape"]))

    def _logit_won(self, theta: np.ndarray, days: float) -> np.ndarray:
        m = self.model
        parts = m.parts(theta)
        rows = m.is_open
        age = m.time[rows]
        ready = log_expit(-(m.X[rows] @ parts.never))
        mean = m.Z[rows] @ parts.scale
        now = ready + m.family.survivor(parts.shape * (np.log(age) - mean))[0]
        later = ready + m.family.survivor(parts.shape * (np.log(age + days) - mean))[0]
        gone = log_expit(m.X[rows] @ parts.never)
        if m.losses:
            gone = gone + m.family.survivor(parts.loss_shape * (np.log(age) - parts.loss))[0]
        won = now + np.log(-np.expm1(np.minimum(later - now, -1e-300)))
        return won - np.logaddexp(later, gone)

    def _with_undated(self, frame: pd.DataFrame, alpha: float) -> pd.DataFrame:
        undated = self.model.undated
        if not len(undated):
            return frame
        if len(frame):
            row = {
                "p_won": frame["p_won"].mean(),
                "lower": frame["lower"].quantile(alpha / 2),
                "upper": frame["upper"].quantile(1 - alpha / 2),
            }
        else:  # no age to go by: anything from never to the chance of one just met
            met = 1 - self.never
            row = {"p_won": met["estimate"] / 2, "lower": 0.0, "upper": met["lower"]}
        extra = pd.DataFrame([row] * len(undated), index=undated.index)
        return pd.concat([frame, extra]).rename_axis("prospect_id")


class Parts(NamedTuple):
    """A parameter vector taken apart."""

    never: np.ndarray
    scale: np.ndarray
    shape: float
    loss: float
    loss_shape: float


class ProspectModel(Model):
    """Who never converts, and when the others do: a cure model with covariates by formula.

    Parameters
    ----------
    prospects : DataFrame, one row a prospect
        `prospect_id` (column or index), `first_contact`, and where it is over `outcome` (won, lost)
        and `outcome_date`; any descriptive columns. Open prospects have no outcome.
    as_of : date
        The last day that is known; open prospects are censored there.
    stages : list of str, optional
        The stages in order; prospects in another, or that went through them in another order, are
        refused (`goodlib.value.funnel.check_stages`).
    time : "weibull" or "lognormal"
        Law of the time from first contact to the first order, and of that until a loss is known.
    since : date, optional
        Only what happened after this day counts; None: all that ever did.
    never, when : str
        Formulas over descriptive columns: for the logit of never, and for the logarithm of the time
        in days. A stage cannot stand there: today's stage tells how it ended.
    penalty : float, 0 or more
        Half of it times the square of each coefficient of `never` but the first is taken off what
        the fit climbs, so that a group in which nobody was lost yet keeps a finite chance of it.

    Raises
    ------
    TypeError, ValueError
        With the rule, the number of prospects that break it, the first of them, and the cure.
    """

    results = ProspectResults

    def __init__(
        self,
        prospects: pd.DataFrame,
        *,
        as_of: str | pd.Timestamp,
        stages: Sequence[str] = (),
        time: str = "weibull",
        since: str | pd.Timestamp | None = None,
        never: str = "1",
        when: str = "1",
        penalty: float = 0.0,
    ) -> None:
        if time not in FAMILIES:
            message = f"time must be one of {', '.join(FAMILIES)}: got {time!r}"
            raise ValueError(message)
        self.penalty = float(penalty)
        self.as_of, self.time_law, self.family = pd.Timestamp(as_of), time, FAMILIES[time]
        self.since = None if since is None else pd.Timestamp(since)
        frame = read_funnel(prospects, self.as_of)
        if stages:
            check_stages(frame, stages)
        self.known = frame[frame["first_contact"].notna()]
        self.undated = frame[frame["first_contact"].isna() & (frame["outcome"] == "")]
        self.left_out = len(frame) - len(self.known) - len(self.undated)
        over = self.known["outcome_date"] <= self.since if self.since else False
        dated = self.frame = self.known[~np.broadcast_to(over, len(self.known))]
        self.won = (dated["outcome"] == "won").to_numpy()
        lost = (dated["outcome"] == "lost").to_numpy()
        told = dated["outcome_date"].notna().to_numpy()
        self.lost, self.lost_some_day = lost & told, lost & ~told
        self.is_open = ~self.won & ~lost
        self.losses = bool(lost.any())
        self.open = dated[self.is_open]
        start = dated["first_contact"]
        end = dated["outcome_date"].where(told, self.as_of)
        self.time = np.maximum((end - start).dt.days.to_numpy(float), 0.5)
        self.entry = self._age_at_since(dated)
        self.fresh = self.entry == 0
        self.undated_share = float(self.lost_some_day.sum() / max(lost.sum(), 1))
        if not self.won.any():
            message = (
                f"no prospect was won: 0 of {len(dated):,} with a first contact (first: "
                f"{frame.index[0]!r}). Without one nothing says how long it takes; add past "
                "prospects that became customers, with outcome 'won' and their date."
            )
            raise ValueError(message)
        X, Z = _matrix(never, dated, "never"), _matrix(when, dated, "when")
        self.X, self.Z = X.to_numpy(float), Z.to_numpy(float)
        names = [f"never[{name}]" for name in X] + [f"when[{name}]" for name in Z] + ["shape"]
        positive = [False] * (len(names) - 1) + [True]
        if self.losses:
            names, positive = [*names, "loss", "loss_shape"], [*positive, False, True]
        self.names, self.positive, self.nobs = tuple(names), tuple(positive), len(dated)

    def parts(self, theta: np.ndarray) -> Parts:
        """The vector of the fit, by what its pieces mean."""
        p, q = self.X.shape[1], self.Z.shape[1]
        loss = (theta[p + q + 1], np.exp(theta[p + q + 2])) if self.losses else (0.0, 1.0)
        return Parts(theta[:p], theta[p : p + q], np.exp(theta[p + q]), *loss)

    @cached_property
    def counted(self) -> SurvfuncRight:
        """Kaplan and Meier's count of those not won yet by days since first contact."""
        won = (self.known["outcome"] == "won").to_numpy()
        until = self.known["outcome_date"].where(won, self.as_of)
        span = np.maximum((until - self.known["first_contact"]).dt.days.to_numpy(float), 1)
        entry = self._age_at_since(self.known)
        at_risk = span > entry
        entered = entry[at_risk] if entry.any() else None
        return SurvfuncRight(span[at_risk], won[at_risk].astype(int), entry=entered)

    def _age_at_since(self, frame: pd.DataFrame) -> np.ndarray:
        """Days since first contact on the day `since`; 0 for those met later."""
        if self.since is None:
            return np.zeros(len(frame))
        return np.maximum((self.since - frame["first_contact"]).dt.days.to_numpy(float), 0.0)

    def start(self) -> np.ndarray:
        """Half of those not won never will be; times as they were seen."""
        theta = np.zeros(len(self.names))
        theta[0] = logit(np.clip(0.5 * (1 - self.won.mean()), 0.05, 0.95))
        theta[self.X.shape[1]] = np.log(self.time[self.won]).mean() + 0.3
        if self.losses:
            lost = self.lost | self.lost_some_day
            theta[-2] = np.log(self.time[lost]).mean()
        return theta

    def value(self, theta: np.ndarray) -> float:
        """Log-likelihood at `theta`."""
        return self._climb(theta)[0]

    def derivatives(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Log-likelihood, its exact gradient, and the Hessian as differences of the gradient."""
        with np.errstate(all="ignore"):
            value, gradient = self._climb(theta)
            steps = 1e-5 * np.eye(len(theta))
            rows = [(self._climb(theta + h)[1] - self._climb(theta - h)[1]) / 2e-5 for h in steps]
        hessian = np.array(rows)
        return value, gradient, 0.5 * (hessian + hessian.T)

    def objective(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """The log-likelihood less the penalty, with slopes."""
        value, gradient, hessian = self.derivatives(theta)
        groups = np.zeros(len(theta))
        groups[1 : self.X.shape[1]] = self.penalty
        pull = groups * theta
        return value - 0.5 * float(pull @ theta), gradient - pull, hessian - np.diag(groups)

    def _climb(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Log-likelihood and gradient, one term for each way a prospect can stand."""
        parts, family, log_t = self.parts(theta), self.family, np.log(self.time)
        score = self.X @ parts.never
        ready, gone = log_expit(-score), log_expit(score)
        d_ready, d_gone = -expit(score), expit(-score)  # d log(1 - never), d log(never) by score
        u = np.clip(parts.shape * (log_t - self.Z @ parts.scale), FLOOR, CEILING)
        stay, d_stay = family.survivor(u)
        come, d_come = family.density(u)
        v = np.clip(parts.loss_shape * (log_t - parts.loss), FLOOR, CEILING)
        kept, d_kept = family.survivor(v) if self.losses else (0.0 * v, 0.0 * v)
        told, d_told = family.density(v)

        won, lost, some_day, still = self.won, self.lost, self.lost_some_day, self.is_open
        either = np.logaddexp(ready + stay, gone + kept)
        share = np.exp(ready + stay - either)  # of the open: chance to be a ready one
        value = (
            (ready + np.log(parts.shape) - log_t + come)[won].sum()
            + (gone + np.log(parts.loss_shape) - log_t + told)[lost].sum()
            + (gone[some_day] + np.log(-np.expm1(kept[some_day]))).sum()
            + either[still].sum()
        )
        never = np.where(
            won, d_ready, np.where(still, share * d_ready + (1 - share) * d_gone, d_gone)
        )
        by_u = np.where(won, d_come, np.where(still, share * d_stay, 0.0))
        gradient = [self.X.T @ never, -parts.shape * (self.Z.T @ by_u), [by_u @ u + won.sum()]]
        if self.losses:
            by_v = np.where(lost, d_told, 0.0)
            by_v[some_day] = (d_kept * np.exp(kept))[some_day] / np.expm1(kept[some_day])
            by_v = np.where(still, (1 - share) * d_kept, by_v)
            gradient += [[-parts.loss_shape * by_v.sum(), by_v @ v + lost.sum()]]
        in_sight, slope = self._in_sight(parts)
        return float(value) - in_sight, np.concatenate(gradient) - slope

    def _in_sight(self, parts: Parts) -> tuple[float, np.ndarray]:
        """Log-probability that those met before `since` were in sight then, and its gradient."""
        old = ~self.fresh
        if not old.any():
            return 0.0, np.zeros(len(self.names))
        X, Z, log_e = self.X[old], self.Z[old], np.log(self.entry[old])
        score = X @ parts.never
        u = np.clip(parts.shape * (log_e - Z @ parts.scale), FLOOR, CEILING)
        v = np.clip(parts.loss_shape * (log_e - parts.loss), FLOOR, CEILING)
        stay, d_stay = self.family.survivor(u)
        kept, d_kept = self.family.survivor(v) if self.losses else (0.0 * v, 0.0 * v)
        share = self.undated_share
        seen = np.log(share + (1 - share) * np.exp(kept))
        ready, gone = log_expit(-score) + stay, log_expit(score) + seen
        either = np.logaddexp(ready, gone)
        is_ready, is_gone = np.exp(ready - either), np.exp(gone - either)
        never = is_gone * expit(-score) - is_ready * expit(score)
        by_u = is_ready * d_stay
        slope = [X.T @ never, -parts.shape * (Z.T @ by_u), [by_u @ u]]
        if self.losses:
            by_v = is_gone * (1 - share) * np.exp(kept - seen) * d_kept
            slope += [[-parts.loss_shape * by_v.sum(), by_v @ v]]
        return float(either.sum()), np.concatenate(slope)

    def problems(self, optimum: Optimum) -> list[Problem]:
        """What a reader must know before any number of this fit."""
        found = []
        if self.won.sum() < FEW:
            evidence = f"{self.won.sum()} of {self.nobs:,} prospects were won"
            found.append(Problem("few won", evidence, "Read the intervals, not the points"))
        parts = self.parts(optimum.theta)
        late = float(np.mean(self.Z @ parts.scale) + self.family.quantile(0.95) / parts.shape)
        late = float(np.exp(min(late, 50)))
        age = (self.as_of - self.frame["first_contact"]).dt.days.to_numpy(float)
        beyond = int((age[~self.won] > late).sum())
        if beyond < FEW:
            evidence = (
                f"the slowest twentieth of those who come takes more than {late:,.0f} days, and "
                f"only {beyond:,} of {(~self.won).sum():,} not won have been known as long "
                f"(longest: {age.max():,.0f})"
            )
            cure = "The share that never converts may be larger or smaller; trust near dates only"
            found.append(Problem("never or late cannot be told apart", evidence, cure))
        share = float(expit(self.X @ parts.never).mean())
        if not 0.001 < share < 0.999:
            evidence = f"the share that never converts is {share:.2g}"
            found.append(Problem("at the boundary", evidence, "Drop covariates of `never`"))
        return found


def _matrix(formula: str, frame: pd.DataFrame, role: str) -> pd.DataFrame:
    """Design matrix of a formula; missing words are a group of their own."""
    if "stage" in formula:
        message = (
            f"the formula {role}={formula!r} names stage: today's stage tells how it ended, so it "
            "would promise what it cannot know. Use what was known at first contact."
        )
        raise ValueError(message)
    words = frame.select_dtypes(exclude=["number", "datetime"]).columns
    filled = frame.assign(
        **{c: frame[c].astype(object).where(frame[c].notna(), "unknown") for c in words}
    )
    matrix = pd.DataFrame(model_matrix(formula, filled, na_action="ignore"))
    bad = matrix.isna().any(axis=1)
    if bad.any():
        message = (
            f"the formula {role}={formula!r} needs numbers for all: {bad.sum():,} of "
            f"{len(frame):,} prospects lack one (first: {frame.index[bad][0]!r}). "
            "Leave it out, or fill it in."
        )
        raise ValueError(message)
    return matrix


def _days(days: float) -> float:
    if not (np.isscalar(days) and np.isfinite(days) and days > 0):
        message = f"days must be a positive number of days: got {days!r}"
        raise ValueError(message)
    return float(days)
