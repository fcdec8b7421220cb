"""Where to invest: one level of service for every customer and prospect under limited hours.

A firm chooses for everyone it knows one level of service, from free articles to full service. Each
level takes hours and money and brings a share of the good that a customer can be: good for others,
good at it (what the firm learns), good for you (what it earns). Choosing the levels that bring most
of the mix the firm wants is the multiple-choice knapsack problem (Kellerer, Pferschy & Pisinger
2004, ch. 11); scipy's HiGHS solves it to a proven gap. How much of a good a level brings (its
response) is an assumption of the study, not an estimate: `sweep` shows which decisions hang on it,
and `stability` which hold when value, relationship and weights are uncertain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from goodlib.decision import door
from goodlib.decision.knapsack import InfeasiblePlan, Limit, choose, relaxation
from goodlib.history.study import Investment

GOODS = {"others": "good_for_others", "skill": "good_at_it", "you": "good_for_you"}
"""The three goods: the study's word for each, and the column of a candidate that holds it."""


@dataclass(frozen=True)
class Limits:
    """What the plan must keep. Hours and money are per planning period, as in the services
    table."""

    hours: float
    """Hours that all service together may take."""
    budget: float | None = None
    """Money that all service together may cost."""
    minimum_level: int | None = None
    """The least level for every customer: the best firms make all of them feel well treated."""
    floors: Mapping[str, float] = field(default_factory=dict)
    """Least share of each good (others, skill, you) of what it would reach if it were all that
    counted."""
    customer_share: float | None = None
    """Largest share of the hours that one customer may take."""
    explore: float = 0.0
    """Least share of the hours for those who are not among today's best but may be among
    tomorrow's."""
    explore_chance: float = 0.10
    """Chance of being among tomorrow's best (`p_top`) from which on a customer counts as one of
    them."""
    skills: Mapping[str, float] = field(default_factory=dict)
    """Hours that are there of each skill, for candidates whose `skill` names one."""
    strained_level: int | None = None
    """Highest level for a strained customer without a named owner."""

    @classmethod
    def of(cls, chosen: Investment, hours_now: float, *, recorded: bool) -> Limits:
        """The limits a study chose; as many hours as today's levels take where it chose none.

        Where no hours are recorded, the study's only place today's levels, and the plan has what
        those take: it moves hours.
        """
        options = chosen.model_dump(exclude={"hours_per_month"})
        return cls(hours=(recorded and chosen.hours_per_month) or hours_now, **options)

    def without_exploring(self) -> Limits:
        """The same limits without a share of the hours for exploring."""
        return replace(self, explore=0.0)


@dataclass(frozen=True)
class Plan:
    """The best levels under the limits. Made by `InvestmentModel.fit`."""

    model: InvestmentModel
    levels: pd.DataFrame
    """One row a candidate: kind, level, level_name, hours, cost, mix (its share of what the plan
    brings)."""
    objective: float
    """What the plan brings: the weighted mean over the goods of the share that could be had, 0 to
    1."""
    gap: float
    """Proven distance to the best possible plan, relative."""

    @property
    def by_level(self) -> pd.DataFrame:
        """One row a level of service: candidates, hours and cost now planned there."""
        services = self.model.services
        grouped = self.levels.groupby("level")[["hours", "cost"]].sum()
        counts = self.levels["level"].value_counts()
        frame = grouped.reindex(services.index, fill_value=0.0)
        frame.insert(0, "candidates", counts.reindex(services.index, fill_value=0))
        frame.insert(0, "level_name", services["name"])
        return frame

    @property
    def goods(self) -> pd.Series:
        """What the plan brings of each good, in the good's own unit (money for `you`)."""
        chosen = self.model.services.index.get_indexer(self.levels["level"])
        rows = np.arange(len(self.levels))
        return pd.Series(
            {good: self.model.gain(good)[rows, chosen].sum() for good in GOODS}, name="brings"
        )

    def prices(self) -> pd.DataFrame:
        """What each limit costs: the relaxed plan is made again with more of it, or without it.

        Returns
        -------
        DataFrame, one row a limit
            `limit`, `used` (both in the limit's unit), `binding`, `mix` and `you`: for hours,
            budget and skills what one more unit would bring (share of the mix; money of good for
            you), for exploration and floors what keeping the limit gives up in all.
        """
        model, limits = self.model, list(self.model.programme())
        rows = np.arange(len(self.levels))
        chosen = model.services.index.get_indexer(self.levels["level"])
        mix, you, allowed = model.mix(model.balance), model.gain("you"), model.allowed
        now = relaxation(mix, limits, allowed)
        terms = []
        for position, limit in enumerate(limits):
            used = float(limit.use[rows, chosen].sum())
            rest = [other for other in limits if other is not limit]
            unit = 1.0
            if not limit.least:
                unit = max(0.01 * limit.bound, float(limit.use.max()))
                rest.insert(position, limit._replace(bound=limit.bound + unit))
            change = relaxation(mix, rest, allowed) - now
            more, money = float((mix * change).sum()) / unit, float((you * change).sum()) / unit
            terms.append((limit.name, limit.bound, used, more > 1e-9, max(more, 0.0), money))
        columns = ["term", "limit", "used", "binding", "mix", "you"]
        return pd.DataFrame(terms, columns=columns).set_index("term")

    def stability(
        self,
        goods: Mapping[str, np.ndarray],
        *,
        draws: int,
        seed: int,
        concentration: float | None = 50.0,
    ) -> pd.DataFrame:
        """In which share of the draws each candidate keeps each level: `acceptability.levels`."""
        from goodlib.decision import acceptability

        return acceptability.levels(
            self.model, goods, draws=draws, seed=seed, concentration=concentration
        )

    def sweep(self, powers: Sequence[float] = (0.5, 1.0, 2.0)) -> pd.DataFrame:
        """The level of each candidate when the response to service is another one.

        The study's responses r, as shares of the largest, are raised to each power: .5 says that
        little service already brings much (levels off early), 2 that only full service brings it.

        Returns
        -------
        DataFrame, one row a candidate, one column a power
            Levels. Rows whose levels differ are decisions that hang on the assumption.
        """
        columns = {}
        for power in powers:
            services = self.model.services.copy()
            for good in GOODS:
                column = services[f"response_{good}"]
                top = column.max()
                services[f"response_{good}"] = top * (column / top) ** power if top else column
            model = replace(self.model, services=services)
            columns[power] = (self if power == 1.0 else model.fit()).levels["level"]
        return pd.DataFrame(columns)

    def sweep_rate(self, multiples: Sequence[float]) -> pd.DataFrame:
        """The level of each candidate at other rates for the good of others.

        Parameters
        ----------
        multiples : of the rate that the firm gives

        Returns
        -------
        DataFrame, one row a candidate, one column a multiple: levels.
        """
        columns = {}
        for multiple in multiples:
            same = multiple == self.model.rate
            plan = self if same else replace(self.model, rate=multiple).fit()
            columns[multiple] = plan.levels["level"]
        return pd.DataFrame(columns)


@dataclass(frozen=True)
class InvestmentModel:
    """Everyone the firm knows, the levels it can serve them at, the balance it wants and its
    limits.

    Parameters
    ----------
    candidates : DataFrame, one row a customer or prospect
        `good_for_others`, `good_at_it` (any unit, zero or more), `good_for_you` (money, discounted,
        may be negative); optional `kind` (customer or prospect), `p_top`, `top_today`, `skill`,
        `strained`, `owner`, and `others_in_money` where the firm gives a rate for the good of
        others.
    services : DataFrame, one row a level
        `level` (column or index), `name`, `hours`, `cost` and `response_others`, `response_skill`,
        `response_you`: the share of a customer's good that service at this level brings, 0 to 1.
    balance : mapping
        Weights of `others`, `skill` and `you`; they sum to one.
    limits : Limits
    rate : float
        Where candidates have `others_in_money`: multiple of the firm's rate at which the good of
        others counts. It stands on one scale with the money then, with the weight of both.

    Raises
    ------
    ValueError
        Candidates without a good, weights that do not sum to one, a good that counts but of which
        nobody has any, a level without hours, unknown skills, hours below the least for everybody.
    """

    candidates: pd.DataFrame
    services: pd.DataFrame
    balance: Mapping[str, float]
    limits: Limits
    rate: float = 1.0

    def __post_init__(self) -> None:
        services = self.services
        if "level" in services.columns:
            services = services.set_index("level")
        object.__setattr__(self, "services", services.sort_index())
        door.check_services(self.services, GOODS)
        door.check_balance(self.balance, GOODS)
        door.check_candidates(self.candidates, self.balance, self.limits, GOODS)
        self._check_least_hours()

    # the pieces of the programme

    def gain(self, good: str, drawn: np.ndarray | None = None) -> np.ndarray:
        """What each level brings of a good, shape (candidates, levels), in the good's unit."""
        values = self.candidates[GOODS[good]].to_numpy(float) if drawn is None else drawn
        return np.outer(values, self.services[f"response_{good}"].to_numpy(float))

    def scale(self, good: str) -> float:
        """All of a good that could be had: everybody at the level that brings most of it."""
        return float(self.gain(good).max(axis=1).clip(min=0).sum()) or 1.0

    def mix(
        self, weights: Mapping[str, float], drawn: Mapping[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Weighted share of what could be had that each level of each candidate brings."""
        return np.sum(list(self.parts(weights, drawn).values()), axis=0)

    def parts(
        self, weights: Mapping[str, float], drawn: Mapping[str, np.ndarray] | None = None
    ) -> dict[str, np.ndarray]:
        """What of `mix` comes through each good."""
        drawn = drawn or {}
        gains = {good: self.gain(good, drawn.get(good)) for good in GOODS}
        if "others_in_money" not in self.candidates:
            return {g: weights[g] * gains[g] / self.scale(g) for g in GOODS}
        weight = weights["others"] + weights["you"]
        scale = float((self._priced + self.gain("you")).max(axis=1).clip(min=0).sum()) or 1.0
        priced = self._priced
        if "others" in drawn:
            mean = self.candidates[GOODS["others"]].to_numpy(float)
            known = np.divide(drawn["others"], mean, out=np.ones_like(mean), where=mean > 0)
            priced = priced * known[:, None]
        return {
            "others": weight * priced / scale,
            "skill": weights["skill"] * gains["skill"] / self.scale("skill"),
            "you": weight * gains["you"] / scale,
        }

    @property
    def _priced(self) -> np.ndarray:
        """Good for others in money at the rate, shape (candidates, levels)."""
        worth = self.candidates["others_in_money"].to_numpy(float)
        return self.rate * np.outer(worth, self.services["response_others"].to_numpy(float))

    @property
    def allowed(self) -> np.ndarray:
        """Which level each candidate may have, shape (candidates, levels)."""
        return self.allowed_if(0.5)

    def allowed_if(self, chance: float | np.ndarray) -> np.ndarray:
        """The same, when who is strained by a chance of at least `chance` counts as strained."""
        limits, services, people = self.limits, self.services, self.candidates
        allowed = np.ones((len(people), len(services)), bool)
        level = services.index.to_numpy()
        if limits.customer_share is not None:
            allowed[:, services["hours"].to_numpy() > limits.customer_share * limits.hours] = False
        if limits.strained_level is not None and "strained" in people:
            strained = people["strained"].fillna(0).to_numpy(float) >= chance
            if "owner" in people:
                strained &= people["owner"].isna().to_numpy()
            allowed[np.ix_(strained, level > limits.strained_level)] = False
        if limits.minimum_level is not None:
            allowed[np.ix_(self._is_customer, level < limits.minimum_level)] = False
        return allowed

    @property
    def explorers(self) -> np.ndarray:
        """Who is not among today's best but may be among tomorrow's, shape (candidates,)."""
        if "p_top" not in self.candidates:
            return np.zeros(len(self.candidates), bool)
        chance = self.candidates["p_top"].fillna(0).to_numpy(float) >= self.limits.explore_chance
        today = self.candidates.get("top_today")
        return chance if today is None else chance & ~today.fillna(False).to_numpy(bool)

    @property
    def _is_customer(self) -> np.ndarray:
        kind = self.candidates.get("kind")
        if kind is None:
            return np.ones(len(self.candidates), bool)
        return (kind == "customer").to_numpy()

    def programme(self) -> Iterator[Limit]:
        """Each limit, with what every choice uses of it."""
        limits, count = self.limits, len(self.candidates)
        hours = np.tile(self.services["hours"].to_numpy(float), (count, 1))
        yield Limit("hours", hours, limits.hours)
        if limits.budget is not None:
            cost = np.tile(self.services["cost"].to_numpy(float), (count, 1))
            yield Limit("budget", cost, limits.budget)
        for skill, there in limits.skills.items():
            has = (self.candidates["skill"] == skill).to_numpy()
            yield Limit(f"hours of {skill}", hours * has[:, None], there)
        if limits.explore > 0:
            explored = hours * self.explorers[:, None]
            yield Limit("exploration", explored, limits.explore * limits.hours, least=True)
        for good, floor in limits.floors.items():
            if floor > 0:
                gain = self.gain(good) / self.scale(good)
                bound = floor * self._reachable(good)
                yield Limit(f"floor of good for {good}", gain, bound, least=True)

    def _reachable(self, good: str) -> float:
        """The share of a good that could be had if it alone counted, under hours and money."""
        alone = {name: float(name == good) for name in GOODS}
        free = [limit for limit in replace(self, limits=self._without_least()).programme()]
        mix = self.mix(alone)
        return float((mix * relaxation(mix, free, self.allowed)).sum())

    def _without_least(self) -> Limits:
        return replace(self.limits, floors={}, explore=0.0)

    # the answer

    def fit(self) -> Plan:
        """The best levels under all limits, to a proven gap of 0.1 %.

        Raises
        ------
        InfeasiblePlan
            No plan keeps all limits: which clash, and the smallest relaxation of each that would
            do.
        """
        mix = self.mix(self.balance)
        chosen, objective, gap = choose(mix, list(self.programme()), self.allowed)
        services = self.services.iloc[chosen]
        people = self.candidates.index
        levels = pd.DataFrame(
            {
                "kind": np.where(self._is_customer, "customer", "prospect"),
                "level": services.index.to_numpy(),
                "level_name": services["name"].to_numpy(),
                "hours": services["hours"].to_numpy(float),
                "cost": services["cost"].to_numpy(float),
                "mix": mix[np.arange(len(people)), chosen],
            },
            index=people,
        )
        return Plan(self, levels, objective, gap)

    def _check_least_hours(self) -> None:
        hours = np.where(self.allowed, self.services["hours"].to_numpy(float), np.inf).min(axis=1)
        if np.isinf(hours).any():
            first = self.candidates.index[np.isinf(hours)][0]
            message = (
                f"Every candidate needs a level it may have: {np.isinf(hours).sum():,} of "
                f"{len(hours):,} have none "
                f"(first: {first!r}): minimum_level, customer_share and strained_level exclude "
                f"all. Loosen one."
            )
            raise InfeasiblePlan(message)
        if hours.sum() > self.limits.hours:
            message = (
                f"The hours must suffice for the least level of everybody: {len(hours):,} "
                f"candidates need "
                f"{hours.sum():,.0f} hours, {self.limits.hours:,.0f} are there. Raise the hours "
                f"or lower minimum_level."
            )
            raise InfeasiblePlan(message)
