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

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

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
        """In which share of the draws each candidate keeps each level.

        In every draw the goods are another joint draw of what they may be and the weights one from
        a Dirichlet distribution around the chosen balance (rank acceptability: Lahdelma & Salminen
        2001); the limits stay. The linear relaxation is solved, in which at most as many candidates
        as there are limits sit between two levels.

        Parameters
        ----------
        goods : mapping of good to array, shape (candidates, any number of draws)
            Joint draws; a good that is not named stays at its mean. Draws are taken in order, again
            from the start when there are fewer than `draws`.
        draws, seed : int
        concentration : float or None
            Sum of the Dirichlet's parameters: 50 lets a weight of .60 vary between about .49 and
            .71 (80 %). None keeps the chosen balance.

        Returns
        -------
        DataFrame, one row a candidate, one column a level
            Shares that sum to one.
        """
        if draws < 1:
            message = f"draws must be at least 1, got {draws}."
            raise ValueError(message)
        model, rng = self.model, np.random.default_rng(seed)
        shape = (len(model.candidates), len(model.services))
        limits, allowed = list(model.programme()), model.allowed
        kept = np.zeros(shape)
        weights = np.array([model.balance[good] for good in GOODS])
        for draw in range(draws):
            drawn = {good: values[:, draw % values.shape[1]] for good, values in goods.items()}
            if concentration:
                weights = rng.dirichlet(
                    concentration * np.array([max(model.balance[g], 1e-3) for g in GOODS])
                )
            mix = model.mix(dict(zip(GOODS, weights, strict=True)), drawn)
            share = relaxation(mix, limits, allowed)
            kept[np.arange(shape[0]), share.argmax(axis=1)] += 1
        return pd.DataFrame(kept / draws, model.candidates.index, model.services.index)

    def sweep(self, powers: tuple[float, ...] = (0.5, 1.0, 2.0)) -> pd.DataFrame:
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
            columns[power] = replace(self.model, services=services).fit().levels["level"]
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
        `strained` and `owner`.
    services : DataFrame, one row a level
        `level` (column or index), `name`, `hours`, `cost` and `response_others`, `response_skill`,
        `response_you`: the share of a customer's good that service at this level brings, 0 to 1.
    balance : mapping
        Weights of `others`, `skill` and `you`; they sum to one.
    limits : Limits

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

    def __post_init__(self) -> None:
        services = self.services
        if "level" in services.columns:
            services = services.set_index("level")
        object.__setattr__(self, "services", services.sort_index())
        _check_services(self.services)
        _check_balance(self.balance)
        _check_candidates(self.candidates, self.balance, self.limits)
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
        drawn = drawn or {}
        parts = [weights[g] * self.gain(g, drawn.get(g)) / self.scale(g) for g in GOODS]
        return np.sum(parts, axis=0)

    @property
    def allowed(self) -> np.ndarray:
        """Which level each candidate may have, shape (candidates, levels)."""
        limits, services, people = self.limits, self.services, self.candidates
        allowed = np.ones((len(people), len(services)), bool)
        level = services.index.to_numpy()
        if limits.customer_share is not None:
            allowed[:, services["hours"].to_numpy() > limits.customer_share * limits.hours] = False
        if limits.strained_level is not None and "strained" in people:
            strained = people["strained"].fillna(0).to_numpy(float) >= 0.5
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
            raise ValueError(message)
        if hours.sum() > self.limits.hours:
            message = (
                f"The hours must suffice for the least level of everybody: {len(hours):,} "
                f"candidates need "
                f"{hours.sum():,.0f} hours, {self.limits.hours:,.0f} are there. Raise the hours "
                f"or lower minimum_level."
            )
            raise InfeasiblePlan(message)


def _check_services(services: pd.DataFrame) -> None:
    needed = ["name", "hours", "cost", *(f"response_{good}" for good in GOODS)]
    missing = [column for column in needed if column not in services]
    if missing:
        message = (
            f"services needs the columns {needed}: {missing} are missing. "
            "Add them to the study's services."
        )
        raise ValueError(message)
    numbers = services[needed[1:]].apply(pd.to_numeric, errors="coerce")
    for column in numbers:
        bad = numbers[column].isna() | (numbers[column] < 0)
        if bad.any():
            message = (
                f"A level's {column} must be a number, zero or more: {bad.sum()} of {len(bad)} "
                f"levels break this "
                f"(first: level {services.index[bad][0]!r}, {services[column][bad].iloc[0]!r}). "
                f"Fill it in the services."
            )
            raise ValueError(message)


def _check_balance(balance: Mapping[str, float]) -> None:
    if set(balance) != set(GOODS):
        message = f"The balance needs the shares {list(GOODS)}, got {list(balance)}."
        raise ValueError(message)
    total = sum(balance.values())
    if min(balance.values()) < 0 or abs(total - 1) > 1e-6:
        message = (
            f"The shares of the balance must be zero or more and sum to one: "
            f"{dict(balance)} sums to {total:.3g}."
        )
        raise ValueError(message)


def _check_candidates(people: pd.DataFrame, balance: Mapping[str, float], limits: Limits) -> None:
    if people.empty:
        message = (
            "A plan needs at least one customer or prospect: the table of candidates is empty."
        )
        raise ValueError(message)
    for good, column in GOODS.items():
        if column not in people:
            message = f"Candidates need the column {column!r}; there are {list(people.columns)}."
            raise ValueError(message)
        values = people[column].to_numpy(float)
        unknown = ~np.isfinite(values)
        if unknown.any():
            message = (
                f"{column} must be known of every candidate: {unknown.sum():,} of "
                f"{len(people):,} have none "
                f"(first: {people.index[unknown][0]!r}). Give the firm's mean for the unknown, "
                f"or leave them out and say so."
            )
            raise ValueError(message)
        if balance[good] > 0 and not (values > 0).any():
            message = (
                f"The balance gives {good} {balance[good]:.0%}, but nobody has any {column}: "
                f"0 of {len(people):,} are above zero. Set its share to 0 or supply the data."
            )
            raise ValueError(message)
    known = set(people["skill"].dropna()) if "skill" in people else set()
    unknown_skills = [skill for skill in limits.skills if skill not in known]
    if unknown_skills:
        message = (
            f"Limits name {len(unknown_skills)} skills that no candidate needs (first: "
            f"{unknown_skills[0]!r}); "
            f"known are {sorted(known)}."
        )
        raise ValueError(message)
    unknown_floors = [good for good in limits.floors if good not in GOODS]
    if unknown_floors:
        message = f"Floors are for {list(GOODS)}, got {unknown_floors[0]!r}."
        raise ValueError(message)
    if not limits.hours > 0:
        message = f"The hours of a plan must be above zero, got {limits.hours!r}."
        raise ValueError(message)
