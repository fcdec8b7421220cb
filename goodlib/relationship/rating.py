"""How good it is to work with a customer, from scores by people who differ.

A mean of stars is mostly about the rater: a single rating's reliability is about one half, and more
than half of its variance is the rater's own (Viswesvaran, Ones & Schmidt 1996; Scullen, Mount &
Goff 2000). So a score is taken as an ordered word that depends on the customer's latent
relationship, on the rater's severity, on the item's difficulty, and on this rater's own view:

    P(score <= k) = F(theta[k] - (relationship - severity - difficulty + view)).

Customers, raters and views are random effects: few ratings mean a wide interval, none the prior's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from goodlib.relationship.crossed import Crossed, maximize
from goodlib.relationship.design import design
from goodlib.relationship.ordinal import LINKS
from goodlib.relationship.scores import checked
from goodlib.relationship.standing import Relationship

NOISE = {"logit": np.pi**2 / 3.0, "probit": 1.0}


class RatingModel:
    """One latent relationship per customer from ordinal scores by several raters.

    Parameters
    ----------
    ratings : DataFrame
        One row a score: `customer_id`, `rater`, `score`; optionally `item`, `date`, `own` (true
        when the customer is the rater's own client) and `occasion` (what was rated: an engagement;
        default: customer, rater and date). A missing score is left out, counted in `.problems`.
    scale : sequence, or dict of item -> sequence
        Every word or number of the scale, worst first; one an item where items have their own.
    customers : sequence, optional
        All customers of the study; those nobody rated come back as unknown.
    as_of : date, optional
        The day to look from; needed with `half_life`. A rating dated later is refused.
    half_life : str or Timedelta, optional
        Age at which a rating counts half ("730D"); without it all ratings count alike.
    link : "logit" or "probit"
    thresholds : "common" or "item"
        One set of thresholds a scale, or one an item (when items use the scale differently).
    central : bool
        Estimate how much each rater keeps to the middle of the scale.
    years : int, optional
        Length of the periods whose general level is taken out, so that raters of different times
        are compared within the same time; without it all times count as one.
    drift : bool
        Estimate how each rater's severity moves with the years, against the other raters.
    reliability : float in (0, 1)
        Share of a rater's view that other raters would share; used only where raters cannot be
        compared, so that a customer is known through one pair of eyes.
    avoid_boundary : bool
        Keep the spreads off zero (Chung et al. 2013); False is plain maximum likelihood.

    Raises
    ------
    ValueError
        A score outside the scale, a date after `as_of`, no score at all: with count and first row.
    """

    def __init__(
        self,
        ratings: pd.DataFrame,
        scale: Sequence[Any] | Mapping[str, Sequence[Any]],
        *,
        customers: Sequence[Any] | None = None,
        as_of: Any = None,
        half_life: Any = None,
        link: str = "logit",
        thresholds: str = "common",
        central: bool = False,
        years: int | None = None,
        drift: bool = False,
        reliability: float = 0.5,
        avoid_boundary: bool = True,
    ) -> None:
        _option("link", link, LINKS)
        _option("thresholds", thresholds, ("common", "item"))
        if not 0.0 < reliability < 1.0:
            message = f"reliability is a share between 0 and 1, and {reliability} was given."
            raise ValueError(message)
        given = list(scale)
        if isinstance(scale, Mapping):
            given = {item: list(steps) for item, steps in scale.items()}
        self.as_of = None if as_of is None else pd.Timestamp(as_of)
        self.ratings, self.problems = checked(ratings, given, self.as_of)
        often = self.ratings["item"].value_counts()
        self.scales = given if isinstance(given, dict) else dict.fromkeys(often.index, given)
        self.scale = max(
            self.scales.values(),
            key=lambda steps: sum(n for item, n in often.items() if self.scales[item] == steps),
        )
        self.customers = pd.Index(
            pd.unique(pd.Series([*(customers if customers is not None else ()),
                                 *self.ratings["customer_id"]])), name="customer_id"
        )  # fmt: skip
        self.half_life = None if half_life is None else pd.Timedelta(half_life)
        if self.half_life is not None and (self.as_of is None or "date" not in self.ratings):
            message = "A half-life needs `as_of` and a `date` for every rating."
            raise ValueError(message)
        if drift and "date" not in self.ratings:
            message = "Drift needs a `date` for every rating, and the table has no such column."
            raise ValueError(message)
        if years is not None and "date" not in self.ratings:
            message = "Periods need a `date` for every rating, and the table has no such column."
            raise ValueError(message)
        self.link, self.thresholds, self.central, self.drift = link, thresholds, central, drift
        self.years = years
        self.reliability, self.avoid_boundary = reliability, avoid_boundary
        self.design = design(self.ratings)

    def fit(self, method: str = "laplace", nodes: int = 21) -> Relationship:
        """The relationship of every customer, the severity of every rater, with their uncertainty.

        Parameters
        ----------
        method : "laplace" or "quadrature"
            Quadrature integrates over one effect only: for ratings without comparable raters.
        nodes : int
            Points of the quadrature.

        Returns
        -------
        Relationship
            A new, frozen result; the model is not changed.
        """
        _option("method", method, ("laplace", "quadrature"))
        data, names, codes = self.arrays()
        start = self.start(data)
        last = [data.zero()]
        marginal = partial(data.quadrature, nodes=nodes) if method == "quadrature" else data.laplace

        def criterion(psi: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradient, effects, _ = marginal(psi, last[0])
            last[0] = effects
            return value, gradient

        psi, covariance, settled = maximize(criterion, start)
        value, gradient, effects, precision = marginal(psi, last[0])
        problems = list(self.problems)
        if not settled:
            problems.append(
                "The fit did not settle: the criterion still rises by "
                f"{np.abs(gradient).max():.2g} a unit. Are there scores of more than one kind?"
            )
        problems += self._design_problems()
        llf = value - data.penalty(data.natural(psi))
        return Relationship(
            self,
            data,
            names,
            codes,
            psi,
            covariance,
            float(llf),
            effects,
            precision,
            tuple(problems),
        )

    # how

    def arrays(self) -> tuple[Crossed, list[str], dict[str, pd.Index]]:
        """The scores as arrays, the names of the free numbers, and the levels' names."""
        frame = self.ratings
        adjust = self.design.comparable
        items = pd.Index(sorted(frame["item"].unique()), name="item")
        item = items.get_indexer(frame["item"])
        upper, lower, sets, names = self._thresholds(item, items)
        columns, extra = [], []
        for group in self.alike(items):
            contrast = np.zeros((len(items), len(group) - 1))
            contrast[group] = _contrast(len(group))
            columns.append(-contrast[item])
            extra += [f"difficulty[{items[j]}]" for j in group[:-1]]
        if "own" in frame:
            columns.append(frame["own"].to_numpy(float)[:, None])
            extra.append("own_client")
        if self.years is not None:
            period, periods = pd.factorize(frame["date"].dt.year // self.years, sort=True)
            columns.append(_contrast(len(periods))[period])
            extra += [f"period[{first * self.years}]" for first in periods[:-1]]
        customer, customers = pd.factorize(frame["customer_id"])
        rater, raters = pd.factorize(frame["rater"])
        if self.drift and adjust:
            years = self._years()
            columns.append(-_contrast(len(raters))[rater] * years[:, None])
            extra += [f"drift[{name}]" for name in raters[:-1]]
        pair, pairs = pd.factorize(customer.astype(np.int64) * len(raters) + rater)
        occasion, occasions = pd.factorize(self._occasion(pair))
        first = pd.Series(np.arange(len(frame))).groupby(occasion).first().to_numpy()
        size = {"customer": len(customers)}
        if adjust:
            size["rater"] = len(raters)
        units = len(frame)
        several = len(occasions) < 0.9 * units
        if adjust and len(pairs) < 0.9 * (len(occasions) if several else units):
            size["pair"] = len(pairs)
        if several and len(occasions) > 1.1 * len(pairs):
            size["occasion"] = len(occasions)
        elif several and adjust:
            size["pair"] = len(pairs)
        fixed = {}
        if not adjust and len(customers) > 0.9 * units:
            share = self.reliability / (1.0 - self.reliability)
            fixed["customer"] = float(np.sqrt(NOISE[self.link] * share))
        weight = np.ones(len(frame))
        if self.half_life is not None:
            age = (self.as_of - frame["date"]) / self.half_life
            weight = np.exp2(-age.to_numpy(float))
        data = Crossed(
            upper=upper, lower=lower, sets=sets,
            x=np.hstack(columns) if columns else np.zeros((units, 0)),
            customer=np.asarray(pairs // len(raters)), rater=np.asarray(pairs % len(raters)),
            pair=pair[first], occasion=occasion, size=size, weight=weight, link=self.link,
            central=self.central and adjust, boundary=float(self.avoid_boundary),
            fixed_sd=fixed, n_raters=len(raters),
        )  # fmt: skip
        names += extra + [f"log_sd[{name}]" for name in data.free]
        if data.central:
            names += [f"centrality[{name}]" for name in raters]
        codes = {"customer": pd.Index(customers), "rater": pd.Index(raters), "item": items}
        return data, names, codes

    def alike(self, items: pd.Index) -> list[list[int]]:
        """Places of the items that share their thresholds, set by set."""
        if self.thresholds == "item":
            return [[j] for j in range(len(items))]
        groups: dict[tuple[Any, ...], list[int]] = {}
        for j, item in enumerate(items):
            groups.setdefault(tuple(self.scales[item]), []).append(j)
        return list(groups.values())

    def place(self) -> np.ndarray:
        """Where each score stands on the scale of its item, from 0."""
        item, score = self.ratings["item"], self.ratings["score"]
        place = np.zeros(len(score), dtype=np.int64)
        for name, rows in score.groupby(item).indices.items():
            place[rows] = pd.Index(self.scales[name]).get_indexer(score.iloc[rows])
        return place

    def _thresholds(self, item: np.ndarray, items: pd.Index):
        """Codes of the thresholds above and below each score; a word nobody used has none."""
        score = self.place()
        upper, lower = np.full(score.size, -1), np.full(score.size, -1)
        sets, names, at = [], [], 0
        groups = self.alike(items)
        for group in groups:
            rows = np.flatnonzero(np.isin(item, group))
            named = f"'{items[group[0]]}'" if len(group) == 1 else "one scale"
            used, code = np.unique(score[rows], return_inverse=True)
            steps = self.scales[items[group[0]]]
            if used.size < 2:
                of = f" on {named}" if len(groups) > 1 else ""
                message = (
                    f"Ratings must differ to say anything: all {rows.size} scores{of} are "
                    f"'{steps[used[0]]}'."
                )
                raise ValueError(message)
            upper[rows] = np.where(code < used.size - 1, at + code, -1)
            lower[rows] = np.where(code > 0, at + code - 1, -1)
            sets.append(used.size - 1)
            prefix = f"{items[group[0]]}: " if len(groups) > 1 and len(group) == 1 else ""
            words = [steps[k] for k in used]
            names += [f"{prefix}{a}|{b}" for a, b in zip(words[:-1], words[1:], strict=True)]
            at += used.size - 1
        return upper, lower, sets, names

    def _occasion(self, pair: np.ndarray) -> np.ndarray:
        if "occasion" in self.ratings:
            label = pd.factorize(self.ratings["occasion"])[0]
        elif "date" in self.ratings:
            label = pd.factorize(self.ratings["date"])[0]
        else:
            label = np.zeros(pair.size, dtype=np.int64)
        return pair.astype(np.int64) * (label.max() + 2) + label

    def _years(self) -> np.ndarray:
        days = (self.ratings["date"] - self.ratings["date"].mean()) / pd.Timedelta(days=365.25)
        return days.to_numpy(float)

    def start(self, data: Crossed) -> np.ndarray:
        """Thresholds from the shares of the words, all spreads at 0.7, the rest zero."""
        pieces, at = [], 0
        scale = 1.2 if self.link == "logit" else 0.8
        for count in data.sets:
            code = np.where(data.upper >= 0, data.upper - at, data.lower - at + 1)
            top = (data.upper >= at) & (data.upper < at + count)
            top |= (data.lower >= at) & (data.lower < at + count)
            share = np.cumsum(np.bincount(code[top], data.weight[top], count + 1) + 0.5)
            theta = scale * norm.ppf(share[:-1] / share[-1]) * 1.5
            pieces.append(np.r_[theta[0], np.log(np.maximum(np.diff(theta), 1e-2))])
            at += count
        rest = np.zeros(data.x.shape[1])
        central = np.zeros(data.n_raters if data.central else 0)
        return np.concatenate([*pieces, rest, np.full(len(data.free), np.log(0.7)), central])

    def _design_problems(self) -> list[str]:
        apart = self.design.apart
        if self.design.comparable and apart:
            return [
                f"{len(apart)} of {len(self.design.component)} raters cannot be compared with the "
                f"others, so their severity is not shown: {self.design.cure(self.ratings)}."
            ]
        if self.design.comparable:
            return []
        widened = (
            "Every interval is widened by a stated reliability of "
            f"{self.reliability:.2g} between raters"
        )
        if len(self.design.component) == 1:
            only = self.design.component.index[0]
            return [f"All ratings are by one rater ('{only}'): severity cannot be told. {widened}."]
        groups = len(self.design.ratings)
        return [
            f"Severity is not adjusted for: the raters fall into {groups} groups that share no "
            f"customer. {self.design.cure(self.ratings)}. {widened}."
        ]


def _contrast(n: int) -> np.ndarray:
    """n levels in n - 1 columns whose effects sum to zero."""
    return np.vstack([np.eye(n - 1), -np.ones(n - 1)])


def _option(name: str, value: str, options: Sequence[str]) -> None:
    if value not in options:
        message = f"{name} is one of {', '.join(options)}, and '{value}' was given."
        raise ValueError(message)
