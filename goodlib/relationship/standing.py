"""Where customers and raters stand: the result of a rating model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.polynomial.hermite import hermgauss
from scipy.interpolate import CubicSpline
from scipy.stats import norm

from goodlib.relationship import mixture
from goodlib.relationship.crossed import Crossed, Natural
from goodlib.relationship.ordinal import expected_score
from goodlib.relationship.precision import Effects, Precision

if TYPE_CHECKING:
    from goodlib.relationship.rating import RatingModel

REACH = 40.0
"""A latent relationship farther out has the same expected score."""


@dataclass(frozen=True)
class Relationship:
    """What the ratings tell: a result of `RatingModel.fit()`."""

    model: RatingModel
    data: Crossed
    names: list[str]
    codes: dict[str, pd.Index]
    psi: np.ndarray
    covariance: np.ndarray
    llf: float
    effects: Effects
    precision: Precision
    problems: tuple[str, ...]

    # parameters

    @property
    def nobs(self) -> int:
        """Number of scores."""
        return self.data.upper.size

    @property
    def params(self) -> pd.Series:
        """Thresholds, difficulties, standard deviations: as the equation has them."""
        return pd.Series(self._flat(self.psi), index=self._labels(), name="params")

    @property
    def bse(self) -> pd.Series:
        """Standard errors of `params`, by the delta method."""
        errors = np.sqrt(np.maximum(np.diag(self.cov_params().to_numpy()), 0.0))
        return pd.Series(errors, index=self._labels(), name="bse")

    def cov_params(self) -> pd.DataFrame:
        """Covariance of `params`."""
        h, k = 1e-6, self.psi.size
        steps = h * np.eye(k)
        jacobian = np.array(
            [(self._flat(self.psi + s) - self._flat(self.psi - s)) / (2 * h) for s in steps]
        ).T
        labels = self._labels()
        return pd.DataFrame(jacobian @ self.covariance @ jacobian.T, index=labels, columns=labels)

    def conf_int(self, alpha: float = 0.05) -> pd.DataFrame:
        """Intervals of `params`: columns lower, upper."""
        z = norm.ppf(1.0 - alpha / 2.0)
        return pd.DataFrame(
            {"lower": self.params - z * self.bse, "upper": self.params + z * self.bse}
        )

    @property
    def aic(self) -> float:
        return 2.0 * self.psi.size - 2.0 * self.llf

    @property
    def bic(self) -> float:
        return np.log(self.nobs) * self.psi.size - 2.0 * self.llf

    @property
    def adjusted(self) -> bool:
        """Whether severity is taken out; otherwise `.problems` says why not."""
        return "rater" in self.data.size

    # answers

    @property
    def customers(self) -> pd.DataFrame:
        """How good each customer is to work with: one row a customer, best known or not.

        Columns
        -------
        relationship : latent, 0 the average customer; in units of the link's noise
        sd, lower_80, upper_80 : its uncertainty
        expected_score, score_lower_80, score_upper_80 : what an average rater would give, averaged
            over the items on the main scale (numbers as they are, words counted from 1)
        n_ratings, n_raters : what it rests on
        basis : "unrated", "one rater" or "several raters"
        """
        ratings = self.model.ratings.groupby("customer_id")["rater"].agg(["size", "nunique"])
        frame = pd.DataFrame(index=self.model.customers)
        known, unknown = self._known.columns(), self._unknown.columns()
        for name in known:
            column = pd.Series(known[name], self.codes["customer"])
            frame[name] = column.reindex(frame.index).fillna(unknown[name][0])
        frame = frame.rename(columns={"mean": "relationship"})
        for name, column in (
            ("expected_score", "relationship"),
            ("score_lower_80", "lower_80"),
            ("score_upper_80", "upper_80"),
        ):
            frame[name] = self.expected_score(frame[column])
        frame["n_ratings"] = ratings["size"].reindex(frame.index).fillna(0).astype(int)
        frame["n_raters"] = ratings["nunique"].reindex(frame.index).fillna(0).astype(int)
        words = np.array(["unrated", "one rater", "several raters"])
        frame["basis"] = words[np.minimum(frame["n_raters"], 2)]
        return frame

    @property
    def raters(self) -> pd.DataFrame:
        """Who is strict: one row a comparable rater; refused raters are named in `.problems`.

        Columns: severity (positive is strict, in the units of `relationship`), sd, lower_80,
        upper_80, points (what the average client gets from this rater beyond the average rater, in
        points of the scale), points_lower_80, points_upper_80, n_ratings, n_customers, halo (spread
        of the rater's own views of single customers, where the ratings show it), centrality and
        drift (a year) where they were asked for.
        """
        names = self.codes["rater"].rename("rater")
        counts = self.model.ratings.groupby("rater")["customer_id"].agg(["size", "nunique"])
        frame = pd.DataFrame(index=names)
        if self.adjusted:
            of = self._mixed("rater").columns()
            frame["severity"], frame["sd"] = -of["mean"], of["sd"]
            frame["lower_80"], frame["upper_80"] = -of["upper_80"], -of["lower_80"]
            average = self.expected_score(np.zeros(1))[0]
            for name, of in (
                ("", "severity"),
                ("_lower_80", "upper_80"),
                ("_upper_80", "lower_80"),
            ):
                frame[f"points{name}"] = self.expected_score(-frame[of]) - average
        frame["n_ratings"] = counts["size"].reindex(names)
        frame["n_customers"] = counts["nunique"].reindex(names)
        par = self.data.natural(self.psi)
        if self.adjusted and self.effects.pair.size:
            square = self.effects.pair**2 + self.precision.spread().pair
            frame["halo"] = np.sqrt(
                np.bincount(self.data.rater, square) / np.bincount(self.data.rater)
            )
        if self.data.central:
            frame["centrality"] = par.centrality
        slopes = self.params.filter(like="drift[")
        if slopes.size:
            frame["drift"] = np.r_[slopes, -slopes.sum()]
            cov = self.cov_params().loc[slopes.index, slopes.index].to_numpy()
            frame["drift_sd"] = np.sqrt(np.r_[np.diag(cov), cov.sum()])
        if not self.adjusted:
            return frame
        return frame.drop(self.model.design.apart).sort_values("severity")

    def stricter(self, a: str, b: str) -> tuple[float, float]:
        """How much stricter rater `a` is than `b`, and the standard deviation of that difference.

        Narrower than the two intervals suggest: what is uncertain about both alike cancels.
        """
        contrast = (self.codes["rater"] == a).astype(float) - (self.codes["rater"] == b)
        parts = np.array([node.contrast(contrast) for node in self.nodes]).T[:, :, None]
        mean, sd = mixture.Mixed(self._weights, *parts).moments()
        return float(-mean[0]), float(sd[0])

    @property
    def items(self) -> pd.DataFrame:
        """Which questions are hard: one row an item, difficulty above or below the average item.

        Items are compared with those of the same scale; one with a scale of its own has no other.
        """
        names = self.codes["item"]
        counts = self.model.ratings["item"].value_counts().reindex(names)
        frame = pd.DataFrame({"difficulty": 0.0, "n_ratings": counts}, index=names)
        groups = self.model.alike(names)
        if self.model.thresholds == "item":
            means = np.array([piece.mean() for piece in self._sets()])
            frame["difficulty"] = means - means.mean()
        elif any(len(group) > 1 for group in groups):
            frame["sd"], params, cov = np.nan, self.params, self.cov_params()
            for group in groups:
                some = [f"difficulty[{names[j]}]" for j in group[:-1]]
                inner = cov.loc[some, some].to_numpy()
                at = names[group]
                frame.loc[at, "difficulty"] = np.r_[params[some], -params[some].sum()]
                frame.loc[at[: len(group) if len(group) > 1 else 0], "sd"] = np.sqrt(
                    np.r_[np.diag(inner), inner.sum()]
                )
        return frame

    @property
    def prior_sd(self) -> float:
        """Spread of the relationship over customers: what is known of one whom nobody rated."""
        return float(self._unknown.moments()[1][0])

    def draws(self, n: int, seed: int) -> pd.DataFrame:
        """Joint draws of every customer's relationship: one row a customer, columns "0", "1", ...

        The draws move together through the raters and the thresholds they share, so a ranking made
        from each draw has the right uncertainty. Unrated customers are drawn from the prior.
        """
        random = np.random.default_rng(seed)
        out = np.empty((len(self.model.customers), n))
        rated = self.model.customers.get_indexer(self.codes["customer"])
        order, at = random.permutation(n), 0
        counts = random.multinomial(n, self._weights)
        for node, count in zip(self.nodes, counts, strict=True):
            here, at = order[at : at + count], at + count
            view = np.sqrt(node.spread["customer"])
            drawn = np.sqrt(self._kept) * view * random.standard_normal((len(out), count))
            own = np.sqrt(1.0 - self._kept) * drawn[rated]
            drawn[rated] = self._kept * node.sample(count, random) + own
            out[:, here] = drawn
        return pd.DataFrame(out, index=self.model.customers, columns=[str(k) for k in range(n)])

    def expected_score(self, relationship: Any) -> np.ndarray:
        """Mean score at this latent relationship: average rater, all items, all views and days."""
        return self._curve(np.clip(np.asarray(relationship, dtype=float), -REACH, REACH))

    def against_means(self) -> pd.DataFrame:
        """What the mean of stars says and what the model says: one row a rated customer.

        The mean is over the items on the main scale. Columns: mean_score, place_by_mean,
        expected_score, place (1 is best; ties share their place), moved (places gained by the
        adjustment), mean_points (how generous the raters were whom this customer happened to get),
        n_ratings.
        """
        ratings = self.model.ratings
        scores = pd.Series(self._scores, index=ratings.index)[self._main]
        frame = pd.DataFrame({"mean_score": scores.groupby(ratings["customer_id"]).mean()})
        known = self.customers.loc[frame.index]
        frame["place_by_mean"] = frame["mean_score"].rank(ascending=False).to_numpy()
        frame["expected_score"] = known["expected_score"]
        frame["place"] = known["relationship"].rank(ascending=False)
        frame["moved"] = frame["place_by_mean"] - frame["place"]
        if self.adjusted:
            given = self.expected_score(self.effects.rater) - self.expected_score(np.zeros(1))
            given = pd.Series(given, self.codes["rater"])
            mean = ratings["rater"].map(given).groupby(ratings["customer_id"]).mean()
            frame["mean_points"] = mean
        frame["n_ratings"] = known["n_ratings"]
        return frame

    def over_time(
        self, years: int = 1, by_rater: bool = False, draws: int = 400, seed: int = 1
    ) -> pd.DataFrame:
        """Mean score of each period, as if it had been the same clients, raters and questions.

        Mean of the scores on the main scale plus the mean of (score - expected score given
        customer, rater and item) in the period; its interval is the bootstrap over customers. With
        `by_rater` one row a rater and period: a rater's drift, taking customers as constant.

        Returns
        -------
        DataFrame
            Columns [rater], period (its first day), score, lower_80, upper_80, n_ratings.
        """
        data, ratings = self.data, self.model.ratings
        plain = self.effects._replace(
            pair=np.zeros_like(self.effects.pair), occasion=np.zeros_like(self.effects.occasion)
        )
        par = self.data.natural(self.psi)
        named = np.array([name.startswith("period[") for name in self.names], dtype=bool)
        first_beta = int(sum(data.sets))
        level = named[first_beta : first_beta + par.beta.size]
        eta = data.x @ np.where(level, 0.0, par.beta) + data.carry(plain)
        observed = self._scores
        left = np.where(self._main, observed - self._expected_each(eta), 0.0)
        first = ratings["date"].dt.year // years * years
        keys = [ratings["rater"], first] if by_rater else [first]
        cell = pd.DataFrame(dict(enumerate(keys))).groupby(list(range(len(keys)))).ngroup()
        labels = pd.DataFrame(dict(enumerate(keys))).drop_duplicates()
        labels = labels.assign(cell=cell).sort_values("cell")
        n_cells, customer = len(labels), data.customer_of_score
        at = customer * n_cells + cell.to_numpy()
        shape = (data.size["customer"], n_cells)
        count = np.bincount(at, self._main, minlength=shape[0] * n_cells).reshape(shape)
        total = np.bincount(at, left, minlength=shape[0] * n_cells).reshape(shape)
        random = np.random.default_rng(seed)
        pick = random.multinomial(shape[0], np.full(shape[0], 1 / shape[0]), draws).astype(float)
        n = pick @ count
        again = np.divide(pick @ total, n, out=np.full(n.shape, np.nan), where=n > 0)
        lower, upper = np.nanquantile(again, [0.1, 0.9], axis=0)
        mean = observed[self._main].mean()
        frame = pd.DataFrame(
            {
                "period": pd.to_datetime(labels[len(keys) - 1].astype(str).to_numpy(), format="%Y"),
                "score": mean + total.sum(0) / count.sum(0),
                "lower_80": mean + lower,
                "upper_80": mean + upper,
                "n_ratings": count.sum(0).astype(int),
            }
        )
        if by_rater:
            frame.insert(0, "rater", labels[0].to_numpy())
        return frame

    def if_unrated(self, points: float) -> pd.DataFrame:
        """`customers` if those nobody rated were `points` of the scale better (negative: worse)."""
        frame = self.customers
        grid = np.linspace(-12.0, 12.0, 2401) * max(1.0, self.prior_sd)
        score = self.expected_score(grid)
        target = float(self.expected_score(np.zeros(1))[0]) + points
        shift = float(np.interp(target, score, grid))
        unrated = frame["basis"] == "unrated"
        columns = ["relationship", "lower_80", "upper_80"]
        frame.loc[unrated, columns] += shift
        names = ("expected_score", "score_lower_80", "score_upper_80")
        for name, column in zip(names, columns, strict=True):
            frame[name] = self.expected_score(frame[column])
        return frame

    @property
    def main_ratings(self) -> pd.DataFrame:
        """The ratings on the scale of most ratings."""
        return self.model.ratings[self._main]

    # how

    @property
    def _kept(self) -> float:
        """Share of a rater's view that is the customer's own; 1 where severity is adjusted for."""
        return 1.0 if self.adjusted or self.data.fixed_sd else self.model.reliability

    @cached_property
    def _curve(self) -> CubicSpline:
        """Expected score over the latent relationship, good to eight digits."""
        eta, total = np.linspace(-REACH, REACH, 1601), 0.0
        main = [self.model.scales[name] == self.model.scale for name in self.codes["item"]]
        for (theta, numbers, shift), counts in zip(self._questions(), main, strict=True):
            if counts:
                total = total + self._mean_score(eta - shift, theta, numbers)
        return CubicSpline(eta, total / sum(main))

    @cached_property
    def nodes(self) -> list[mixture.Node]:
        """The effects at each of several values of the spreads, with weights."""
        return mixture.nodes(self.data, self.psi, self.covariance, self.effects)

    @property
    def _weights(self) -> np.ndarray:
        return np.array([node.weight for node in self.nodes])

    def _mixed(self, side: str) -> mixture.Mixed:
        parts = [node.of(side) for node in self.nodes]
        return mixture.Mixed(self._weights, *(np.array(part) for part in zip(*parts, strict=True)))

    @cached_property
    def _known(self) -> mixture.Mixed:
        """The rated customers; of a view that one rater alone has, only a share is theirs."""
        of, kept = self._mixed("customer"), self._kept
        own = kept * (1.0 - kept) * np.array([node.spread["customer"] for node in self.nodes])
        return of._replace(mean=kept * of.mean, variance=kept**2 * of.variance + own[:, None])

    @property
    def _unknown(self) -> mixture.Mixed:
        """A customer whom nobody rated."""
        view = np.array([[node.spread["customer"]] for node in self.nodes])
        return mixture.Mixed(self._weights, np.zeros_like(view), self._kept * view)

    @cached_property
    def _scores(self) -> np.ndarray:
        """Each score as a number: a number as it is, a word counted from 1."""
        item, place = self.model.ratings["item"], self.model.place()
        out = np.empty(place.size)
        for name, rows in item.groupby(item).indices.items():
            out[rows] = _numbers(self.model.scales[name])[place[rows]]
        return out

    @cached_property
    def _main(self) -> np.ndarray:
        """Which ratings are on the scale of most ratings."""
        scale, scales = self.model.scale, self.model.scales
        return self.model.ratings["item"].map(lambda item: scales[item] == scale).to_numpy(bool)

    def _mean_score(self, eta: np.ndarray, theta: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Expected score at `eta`, over the raters' own views and the days' moods."""
        variance = self.data.variance(self.data.natural(self.psi))
        sd = np.sqrt(variance["pair"] + variance["occasion"])
        if not sd:
            return expected_score(eta, theta, scores, self.model.link)
        z, w = hermgauss(15)
        pairs = zip(z, w / w.sum(), strict=True)
        link, wide = self.model.link, np.sqrt(2.0) * sd
        return sum(w * expected_score(eta + wide * z, theta, scores, link) for z, w in pairs)

    def _expected_each(self, eta: np.ndarray) -> np.ndarray:
        """Expected score of each rating, with its own item's thresholds."""
        out, item = np.empty(eta.size), self.codes["item"].get_indexer(self.model.ratings["item"])
        for j, (own, numbers, _) in enumerate(self._questions()):
            rows = item == j  # eta has the difficulty in it
            out[rows] = self._mean_score(eta[rows], own, numbers)
        return out

    def _sets(self) -> list[np.ndarray]:
        theta = self.data.natural(self.psi).theta
        return np.split(theta, np.cumsum(self.data.sets)[:-1])

    def _questions(self) -> list[tuple[np.ndarray, np.ndarray, float]]:
        """Of each item: thresholds, the numbers they part, and the difficulty."""
        model, names = self.model, self.codes["item"]
        item, place = names.get_indexer(model.ratings["item"]), model.place()
        within = self.items["difficulty"].to_numpy() * (model.thresholds == "common")
        found = {}
        for theta, group in zip(self._sets(), model.alike(names), strict=True):
            used = np.unique(place[np.isin(item, group)])
            numbers = _numbers(model.scales[names[group[0]]])[used]
            found |= {j: (theta, numbers, float(within[j])) for j in group}
        return [found[j] for j in range(len(names))]

    def _labels(self) -> list[str]:
        return [name.replace("log_sd[", "sd[") for name in self.names]

    def _flat(self, psi: np.ndarray) -> np.ndarray:
        par: Natural = self.data.natural(psi)
        where = [list(self.data.size).index(name) for name in self.data.free]
        return np.concatenate([par.theta, par.beta, np.exp(par.log_sd[where]), par.centrality])


def _numbers(scale: list[Any]) -> np.ndarray:
    """The words of a scale as numbers."""
    numeric = pd.api.types.is_numeric_dtype(pd.Index(scale))
    return np.asarray(scale if numeric else np.arange(1, len(scale) + 1), dtype=float)
