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

from goodlib.relationship.crossed import Crossed, Natural
from goodlib.relationship.ordinal import expected_score
from goodlib.relationship.precision import Effects, Precision

if TYPE_CHECKING:
    from goodlib.relationship.rating import RatingModel

Z80 = float(norm.ppf(0.9))
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
            over the items, on the study's scale (numbers as they are, words counted from 1)
        n_ratings, n_raters : what it rests on
        basis : "unrated", "one rater" or "several raters"
        """
        ratings = self.model.ratings.groupby("customer_id")["rater"].agg(["size", "nunique"])
        frame = pd.DataFrame(index=self.model.customers)
        mean, sd = self._customer_moments()
        known = pd.DataFrame({"relationship": mean, "sd": sd}, index=self.codes["customer"])
        frame["relationship"] = known["relationship"].reindex(frame.index).fillna(0.0)
        frame["sd"] = known["sd"].reindex(frame.index).fillna(self.prior_sd)
        frame["lower_80"] = frame["relationship"] - Z80 * frame["sd"]
        frame["upper_80"] = frame["relationship"] + Z80 * frame["sd"]
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
            _, variance, _ = self.precision.covariance()
            frame["severity"] = -self.effects.rater
            frame["sd"] = np.sqrt(variance + self._moved("rater"))
            frame["lower_80"] = frame["severity"] - Z80 * frame["sd"]
            frame["upper_80"] = frame["severity"] + Z80 * frame["sd"]
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
        spread = self.precision.solve(self.data.zero()._replace(rater=contrast)).rater
        moves = np.array([move.rater @ contrast for move in self._moves])
        variance = contrast @ spread + moves @ self.covariance @ moves
        return float(-contrast @ self.effects.rater), float(np.sqrt(variance))

    @property
    def items(self) -> pd.DataFrame:
        """Which questions are hard: one row an item, difficulty above or below the average item."""
        names = self.codes["item"]
        counts = self.model.ratings["item"].value_counts().reindex(names)
        if self.model.thresholds == "item":
            means = [piece.mean() for piece in self._sets()]
            difficulty, cov = np.array(means) - np.mean(means), None
        else:
            some = self.params.filter(like="difficulty[")
            difficulty = np.r_[some, -some.sum()]
            cov = self.cov_params().loc[some.index, some.index].to_numpy()
        frame = pd.DataFrame({"difficulty": difficulty, "n_ratings": counts}, index=names)
        if cov is not None:
            frame["sd"] = np.sqrt(np.r_[np.diag(cov), cov.sum()])
        return frame

    @property
    def prior_sd(self) -> float:
        """Spread of the relationship over customers: what is known of one whom nobody rated."""
        view = np.sqrt(self.data.variance(self.data.natural(self.psi))["customer"])
        return float(view * np.sqrt(self._kept))

    def draws(self, n: int, seed: int) -> pd.DataFrame:
        """Joint draws of every customer's relationship: one row a customer, columns "0", "1", ...

        The draws move together through the raters and the thresholds they share, so a ranking made
        from each draw has the right uncertainty. Unrated customers are drawn from the prior.
        """
        random = np.random.default_rng(seed)
        known = self.precision.sample(n, random) + self.effects.customer[:, None]
        if self._moves:
            values, vectors = np.linalg.eigh(self.covariance)
            root = vectors * np.sqrt(np.maximum(values, 0.0))
            shift = root @ random.standard_normal((self.psi.size, n))
            known += np.array([move.customer for move in self._moves]).T @ shift
        view = self.data.variance(self.data.natural(self.psi))["customer"]
        own = np.sqrt(self._kept * (1.0 - self._kept) * view)
        known = self._kept * known + own * random.standard_normal(known.shape)
        out = self.prior_sd * random.standard_normal((len(self.model.customers), n))
        out[self.model.customers.get_indexer(self.codes["customer"])] = known
        return pd.DataFrame(out, index=self.model.customers, columns=[str(k) for k in range(n)])

    def expected_score(self, relationship: Any) -> np.ndarray:
        """Mean score at this latent relationship: average rater, all items, all views and days."""
        return self._curve(np.clip(np.asarray(relationship, dtype=float), -REACH, REACH))

    def against_means(self) -> pd.DataFrame:
        """What the mean of stars says and what the model says: one row a rated customer.

        Columns: mean_score, place_by_mean, expected_score, place (1 is best; ties share their
        place), moved (places gained by the adjustment), mean_points (how generous the raters were
        whom this customer happened to get), n_ratings.
        """
        ratings = self.model.ratings
        scores = pd.Series(self._points[self._score], index=ratings.index)
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

        Mean of all scores plus the mean of (score - expected score given customer, rater and item)
        in the period; its interval is the bootstrap over customers. With `by_rater` one row a rater
        and period: a rater's drift, taking customers as constant.

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
        observed = self._points[self._score]
        left = observed - self._expected_each(eta)
        first = ratings["date"].dt.year // years * years
        keys = [ratings["rater"], first] if by_rater else [first]
        cell = pd.DataFrame(dict(enumerate(keys))).groupby(list(range(len(keys)))).ngroup()
        labels = pd.DataFrame(dict(enumerate(keys))).drop_duplicates()
        labels = labels.assign(cell=cell).sort_values("cell")
        n_cells, customer = len(labels), data.customer_of_score
        at = customer * n_cells + cell.to_numpy()
        shape = (data.size["customer"], n_cells)
        count = np.bincount(at, minlength=shape[0] * n_cells).reshape(shape).astype(float)
        total = np.bincount(at, left, minlength=shape[0] * n_cells).reshape(shape)
        random = np.random.default_rng(seed)
        pick = random.multinomial(shape[0], np.full(shape[0], 1 / shape[0]), draws).astype(float)
        n = pick @ count
        again = np.divide(pick @ total, n, out=np.full(n.shape, np.nan), where=n > 0)
        lower, upper = np.nanquantile(again, [0.1, 0.9], axis=0)
        mean = observed.mean()
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

    # how

    @property
    def _kept(self) -> float:
        """Share of a rater's view that is the customer's own; 1 where severity is adjusted for."""
        return 1.0 if self.adjusted or self.data.fixed_sd else self.model.reliability

    @cached_property
    def _curve(self) -> CubicSpline:
        """Expected score over the latent relationship, good to eight digits."""
        eta, total = np.linspace(-REACH, REACH, 1601), 0.0
        questions = self._questions()
        for theta, used, shift in questions:
            total = total + self._mean_score(eta - shift, theta, self._points[used])
        return CubicSpline(eta, total / len(questions))

    @cached_property
    def _moves(self) -> list[Effects]:
        return self.data.response(self.psi, self.effects, self.precision)

    def _moved(self, side: str) -> np.ndarray:
        """Variance that the parameters' own uncertainty adds to each effect."""
        moves = np.array([getattr(move, side) for move in self._moves])
        return np.einsum("ka,kl,la->a", moves, self.covariance, moves)

    def _customer_moments(self) -> tuple[np.ndarray, np.ndarray]:
        variance, _, _ = self.precision.covariance()
        variance = variance + self._moved("customer")
        view = self.data.variance(self.data.natural(self.psi))["customer"]
        kept = self._kept
        sd = np.sqrt(kept**2 * variance + kept * (1.0 - kept) * view)
        return kept * self.effects.customer, sd

    @property
    def _points(self) -> np.ndarray:
        """The words of the scale as numbers."""
        scale = self.model.scale
        numeric = pd.api.types.is_numeric_dtype(pd.Index(scale))
        return np.asarray(scale if numeric else np.arange(1, len(scale) + 1), dtype=float)

    @property
    def _score(self) -> np.ndarray:
        """The place on the scale of each rating."""
        return pd.Index(self.model.scale).get_indexer(self.model.ratings["score"])

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
        for j, (own, used, _) in enumerate(self._questions()):
            rows = item == j
            out[rows] = self._mean_score(eta[rows], own, self._points[used])
        return out

    def _sets(self) -> list[np.ndarray]:
        theta = self.data.natural(self.psi).theta
        return np.split(theta, np.cumsum(self.data.sets)[:-1])

    def _questions(self) -> list[tuple[np.ndarray, np.ndarray, float]]:
        """Of each item: thresholds, the words they part, and the difficulty."""
        model = self.model
        score = self._score
        if model.thresholds == "item":
            item = self.codes["item"].get_indexer(model.ratings["item"])
            used = [np.unique(score[item == j]) for j in range(len(self.codes["item"]))]
            return [(t, u, 0.0) for t, u in zip(self._sets(), used, strict=True)]
        (theta,) = self._sets()
        difficulty = self.items["difficulty"].to_numpy()
        return [(theta, np.unique(score), shift) for shift in difficulty]

    def _labels(self) -> list[str]:
        return [name.replace("log_sd[", "sd[") for name in self.names]

    def _flat(self, psi: np.ndarray) -> np.ndarray:
        par: Natural = self.data.natural(psi)
        where = [list(self.data.size).index(name) for name in self.data.free]
        return np.concatenate([par.theta, par.beta, np.exp(par.log_sd[where]), par.centrality])
