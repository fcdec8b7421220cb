"""Are firm moves right, and are quadrants as sure as they say? Firms simulated with known truth.

    python benchmarks/decisions.py [firms]

Each firm has customers with a true value, relationship, good for others and learning, seen only
through orders, amounts and a few ratings. A plan is made from what is seen, and again from the
truth; a move is right when both go the same way. The estimates always assume the first firm below:

well specified  rates gamma, amounts log-normal, relationships normal, independent errors
not normal      a third of the customers have silently left; relationships skewed with heavy tails
linked errors   who happened to order more than usual is rated higher for it (correlation .6)
other response  service brings its goods by another curve than assumed, good by good
all of these    together
"""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.special import expit

from goodlib.decision.candidate import direction, drawn_goods, firmness, level_now
from goodlib.decision.investment import InvestmentModel, Limits
from goodlib.decision.quadrant import quadrants, value_cut

CUSTOMERS, DRAWS, TRIES = 240, 400, 200
YEARS, AHEAD = 4.0, 1.0
SHAPE, RATE = 0.9, 0.6  # of purchases a year
AMOUNT = (8.5, 0.8, 0.6)  # mean and spread of log amounts over customers, spread within one
BALANCE = {"others": 0.15, "skill": 0.25, "you": 0.60}
SERVICES = pd.DataFrame(
    {
        "level": [0, 1, 2, 3],
        "name": ["articles", "book", "preparation", "full service"],
        "hours": [0.2, 1.0, 6.0, 27.0],
        "cost": [10.0, 75, 400, 2000],
        "response_others": [0.30, 0.45, 0.70, 1.0],
        "response_skill": [0.05, 0.10, 0.40, 1.0],
        "response_you": [0.30, 0.45, 0.75, 1.0],
    }
)
WORLDS = {
    "well specified": {},
    "not normal": {"left": True},
    "linked errors": {"linked": 0.6},
    "other response": {"bent": True},
    "all of these": {"left": True, "linked": 0.6, "bent": True},
}


def firm(random, *, left: bool = False, linked: float = 0.0, bent: bool = False):
    """The truth of one firm, and draws of what its own data leave open."""
    n = CUSTOMERS
    rate = random.gamma(SHAPE, 1 / RATE, n)
    orders = random.poisson(rate * YEARS)
    luck = (orders - rate * YEARS) / np.sqrt(rate * YEARS + 0.25)
    staying = random.random(n) > 0.33 if left else np.ones(n, bool)
    log_amount = random.normal(*AMOUNT[:2], n)
    people = random.standard_normal(n)
    if left:  # skewed, with heavy tails
        people = random.standard_t(3, n) / np.sqrt(3) + 0.6 * (random.exponential(1, n) - 1)
        people = (people - people.mean()) / people.std()
    others = random.normal(-0.5, 1.1, n)
    taught = random.gamma(0.7, 0.15, n)
    hours = 30 * (orders / YEARS + 0.2) * random.lognormal(0, 0.4, n)
    truth = pd.DataFrame(
        {
            "good_for_others": hours * expit(others),
            "good_at_it": taught,
            "good_for_you": rate * staying * np.exp(log_amount + AMOUNT[2] ** 2 / 2) * AHEAD,
            "relationship": people,
            "came": _came(random, rate * staying, log_amount),
        }
    )
    drawn = _seen(random, orders, log_amount, others, people, taught, hours, (linked, luck))
    services = SERVICES.copy()
    if bent:
        for column in services.filter(like="response_"):
            services[column] **= random.choice([0.6, 1.0, 1.6])
    return truth, drawn, services, hours / 12


def _came(random: np.random.Generator, rate: np.ndarray, log_amount: np.ndarray) -> np.ndarray:
    """What really came in the time ahead."""
    count = random.poisson(rate * AHEAD)
    return np.array(
        [
            np.exp(random.normal(m, AMOUNT[2], k)).sum()
            for m, k in zip(log_amount, count, strict=True)
        ]
    )


def _seen(random, orders, log_amount, others, people, taught, hours, linked):
    """Posterior draws by good, of the relationship, and of what may come; customers x draws."""
    shape = (len(orders), DRAWS)
    mean, spread, within = AMOUNT
    weight = orders / (orders + (within / spread) ** 2)
    seen = log_amount + random.normal(0, within, len(orders)) / np.sqrt(np.maximum(orders, 1))
    centre = np.where(orders > 0, mean + weight * (seen - mean), mean)
    sd = spread * np.sqrt(1 - weight)
    amount = np.exp(centre[:, None] + sd[:, None] * random.standard_normal(shape))
    rate = random.gamma(SHAPE + orders[:, None], 1 / (RATE + YEARS), shape)
    count = random.poisson(rate * AHEAD)
    noise = random.lognormal(0, within / np.sqrt(np.maximum(count, 1)))
    level = np.exp(within**2 / 2)
    said = _rated(random, people, (1.0, 0.0, 1.0), linked)
    good = _rated(random, others, (1.2, -0.5, 1.1), linked)
    return {
        "expected": rate * AHEAD * amount * level,
        "predicted": count * amount * noise,
        "relationship": said[0],
        "rated": said[1],
        "others": hours[:, None] * expit(good[0]),
        "skill": taught[:, None] * random.lognormal(-0.03, 0.25, shape),
    }


def _rated(random, truth, law, linked):
    """Posterior draws from a few ratings of each, and who was rated at all."""
    (error, mean, spread), (share, luck) = law, linked
    ratings = random.poisson(2.5, len(truth))
    noise = np.sqrt(1 - share**2) * random.standard_normal(len(truth)) + share * luck
    seen = truth + error * noise / np.sqrt(np.maximum(ratings, 1))
    weight = ratings * spread**2 / (ratings * spread**2 + error**2)
    centre = np.where(ratings > 0, mean + weight * (seen - mean), mean)
    sd = spread * np.sqrt(1 - weight)
    draws = centre[:, None] + sd[:, None] * random.standard_normal((len(truth), DRAWS))
    return draws, ratings > 0


def moves(seed: int, kind: str, world: dict) -> pd.DataFrame:
    """One row a move of the plan from what is seen: whether it is firm, and whether it is right."""
    random = np.random.default_rng(seed)
    truth, drawn, services, given = firm(random, **world)
    draws = {"you": pd.DataFrame(drawn[kind])}
    draws |= {good: pd.DataFrame(drawn[good]) for good in ("others", "skill")}
    names = {"others": "good_for_others", "skill": "good_at_it", "you": "good_for_you"}
    seen = pd.DataFrame({names[good]: frame.mean(axis=1) for good, frame in draws.items()})
    before = level_now(pd.Series(given), SERVICES)
    hours = float(SERVICES["hours"][before].sum())
    plan = InvestmentModel(seen, SERVICES, BALANCE, Limits(hours=hours)).fit()
    kept = plan.stability(drawn_goods(seen, draws, seed=seed), draws=TRIES, seed=seed)
    sure = firmness(kept, before, plan.levels["level"])
    exact = replace(plan.model, candidates=truth, services=services).fit()
    way = direction(before, plan.levels["level"])
    right = way == direction(before, exact.levels["level"])
    frame = pd.DataFrame({"sure": sure, "right": right, "moves": way != 0})
    return frame[frame["moves"]]


def placed(seed: int, world: dict, tails: float | None = None) -> pd.DataFrame:
    """One row a rated customer: the quadrant that is likeliest, its chance, whether it is right.

    `tails`: degrees of freedom of a t by which the draws of the relationship are widened.
    """
    truth, drawn, _, _ = firm(np.random.default_rng(seed), **world)
    value, people = pd.DataFrame(drawn["predicted"]), pd.DataFrame(drawn["relationship"])
    if tails:
        centre = people.mean(axis=1).to_numpy()[:, None]
        scale = np.sqrt(np.random.default_rng(seed + 10**6).chisquare(tails, people.shape) / tails)
        people = pd.DataFrame(centre + (people.to_numpy() - centre) / scale)
    rated = value.index[drawn["rated"]]
    cut = value_cut(value.mean(axis=1))
    warm = people.loc[rated].mean(axis=1).median()
    found = quadrants(value, people, value_cut=cut, warm_cut=warm, rated=rated).loc[rated]
    cells = found[["p_valuable_warm", "p_valuable_strained", "p_modest_warm", "p_modest_distant"]]
    exact = 2 * (truth["came"] < cut) + (truth["relationship"] <= warm)
    likeliest = cells.to_numpy().argmax(axis=1)
    return pd.DataFrame({"said": cells.max(axis=1), "right": likeliest == exact.loc[rated]})


def main(firms: int) -> None:
    print("| firm | draws of value | moves | firm | firm and right | others and right |")
    print("|---|---|---|---|---|---|")
    for name, world in WORLDS.items():
        for kind in ("predicted", "expected"):
            found = pd.concat([moves(seed, kind, world) for seed in range(firms)])
            sure = found["sure"] >= 0.95
            print(
                f"| {name} | {kind} | {len(found) / firms:.0f} | {sure.mean():.0%} | "
                f"{found['right'][sure].mean():.1%} | {found['right'][~sure].mean():.1%} |",
                flush=True,
            )
    quadrants_said(firms)


def quadrants_said(firms: int) -> None:
    """The second table: are quadrants as sure as they say?"""
    bins = [0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0001]
    heads = [f"said {low:.0%} to {min(high, 1):.0%}" for low, high in pairwise(bins)]
    print("\n| firm | " + " | ".join(heads) + " |")
    print("|---" * len(bins) + "|")
    for name, tails in (
        ("well specified", None),
        ("not normal", None),
        ("linked errors", None),
        ("well specified", 4),
        ("not normal", 4),
    ):
        found = pd.concat([placed(seed, WORLDS[name], tails) for seed in range(firms)])
        group = pd.cut(found["said"], bins, right=False)
        right = found.groupby(group, observed=False)["right"].mean()
        name += ", widened" * (tails is not None)
        print(f"| {name} | " + " | ".join(f"{share:.0%}" for share in right) + " |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
