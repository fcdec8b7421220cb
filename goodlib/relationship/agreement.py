"""Do the raters agree? Chance-corrected agreement, and how far a second opinion would order alike.

Agreement and order are two questions: a rater one point stricter throughout orders all customers as
the others do (tau-b near 1) and yet disagrees with them (alpha well below 1).
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import kendalltau
from statsmodels.stats.inter_rater import cohens_kappa

LEVELS = ("nominal", "ordinal", "interval", "ratio")


def krippendorff_alpha(
    ratings: pd.DataFrame,
    level: str,
    *,
    scale: list | None = None,
    draws: int = 1000,
    seed: int = 1,
    without: bool = False,
) -> pd.DataFrame:
    """How far the raters agree beyond chance: 1 is full agreement, 0 what chance gives.

    alpha = 1 - D_observed / D_expected over all pairs of scores of one unit (Krippendorff 2011);
    units scored once pair with nothing, and missing scores need no filling. The interval is the
    percentile bootstrap over units (customers), so it says how alpha would move with other
    customers, not with other raters.

    Parameters
    ----------
    ratings : DataFrame
        Columns `customer_id`, `rater`, `score`, optionally `item`, `occasion` and `date`. A unit is
        one customer and item, on one occasion or else in one year; of a rater's several scores of
        one unit the latest counts.
    level : "nominal", "ordinal", "interval" or "ratio"
        What a difference of scores means; ordinal uses Krippendorff's rank distance.
    scale : list, optional
        Words of the scale, worst first; needed when scores are words and level is not nominal.
    draws : int
        Bootstrap draws; 0 gives no interval (lower = upper = alpha).
    seed : int
    without : bool
        Also alpha without each rater in turn: whose absence raises it most disagrees most.

    Returns
    -------
    DataFrame
        Columns alpha, lower, upper (95 %), n_units, n_ratings; index "all", or with `without`
        also one row a rater left out.

    Raises
    ------
    ValueError
        No unit has two scores; all scores are equal (agreement is undefined where nothing varies).

    Examples
    --------
    >>> ratings = pd.DataFrame({"customer_id": [1, 1, 2, 2, 3, 3], "rater": list("abababab")[:6],
    ...                         "score": [1, 1, 2, 2, 3, 3]})
    >>> float(krippendorff_alpha(ratings, level="ordinal", draws=0).loc["all", "alpha"])
    1.0
    """
    if level not in LEVELS:
        message = f"level is one of {', '.join(LEVELS)}, and '{level}' was given."
        raise ValueError(message)
    frame = ratings.dropna(subset=["score"])
    if "date" in frame:
        frame = frame.sort_values("date", kind="stable")
    frame = frame.assign(unit=_units(frame)).drop_duplicates(["unit", "rater"], keep="last")
    values, code = _values(frame["score"], level, scale)
    unit = frame["unit"]
    customer = pd.factorize(frame["customer_id"])[0]
    rows = {"all": np.ones(len(frame), dtype=bool)}
    if without:
        rows |= {name: (frame["rater"] != name).to_numpy() for name in frame["rater"].unique()}
    found = {}
    for name, keep in rows.items():
        found[name] = _alpha_row(
            unit.to_numpy()[keep], code[keep], customer[keep], values, level, draws, seed
        )
    columns = ["alpha", "lower", "upper", "n_units", "n_ratings"]
    out = pd.DataFrame.from_dict(found, orient="index", columns=columns)
    return out.astype({"n_units": int, "n_ratings": int}).rename_axis("without")


def _units(frame: pd.DataFrame) -> pd.Series:
    """What was rated: a customer and item, on one occasion or else in one year."""
    keys = [frame[name] for name in ("customer_id", "item", "occasion") if name in frame]
    if "date" in frame and "occasion" not in frame:
        keys.append(pd.to_datetime(frame["date"]).dt.year)
    return frame.groupby(keys, sort=False).ngroup()


def _values(score: pd.Series, level: str, scale: list | None) -> tuple[np.ndarray, np.ndarray]:
    """The distinct scores as numbers, in order, and each score's place among them."""
    if scale is not None:
        place = pd.Index(scale).get_indexer(score)
        if (place < 0).any():
            first = score[place < 0].iloc[0]
            message = (
                f"Scores must be on the scale {scale}: {(place < 0).sum():,} of {len(score):,} are "
                f"not (first: '{first}')."
            )
            raise ValueError(message)
        numeric = pd.api.types.is_numeric_dtype(pd.Index(scale))
        return np.asarray(scale if numeric else np.arange(1, len(scale) + 1), float), place
    if level != "nominal" and not pd.api.types.is_numeric_dtype(score):
        message = f"Scores that are words need their `scale`, worst first, at level '{level}'."
        raise ValueError(message)
    names, code = np.unique(score.to_numpy(), return_inverse=True)
    return (np.arange(names.size) if level == "nominal" else names).astype(float), code


def _alpha_row(unit, code, customer, values, level, draws, seed) -> tuple[float, ...]:
    """alpha, its interval, and what it rests on."""
    k = values.size
    _, unit = np.unique(unit, return_inverse=True)
    counts = np.zeros((unit.max() + 1, k))
    np.add.at(counts, (unit, code), 1.0)
    owner = np.zeros(unit.max() + 1, dtype=np.int64)
    owner[unit] = customer
    paired = counts.sum(1) >= 2
    counts, owner = counts[paired], owner[paired]
    if not counts.size:
        message = (
            f"Agreement needs units with two scores, and none of {paired.size:,} has them: "
            "let a second person rate some customers."
        )
        raise ValueError(message)
    if (counts.sum(0) > 0).sum() < 2:
        message = (
            "Agreement is undefined where nothing varies: all "
            f"{counts.sum():,.0f} paired scores are equal."
        )
        raise ValueError(message)
    # each customer's part of the coincidence matrix, so that a bootstrap only adds
    size = counts.sum(1)
    _, owner = np.unique(owner, return_inverse=True)
    parts = np.zeros((owner.max() + 1, k, k))
    each = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(k)
    np.add.at(parts, owner, each / (size - 1.0)[:, None, None])
    alpha = _alpha(parts.sum(0), values, level)
    if not draws:
        return alpha, alpha, alpha, len(counts), size.sum()
    random = np.random.default_rng(seed)
    n = len(parts)
    weight = random.multinomial(n, np.full(n, 1.0 / n), size=draws).astype(float)
    resampled = (weight @ parts.reshape(n, -1)).reshape(draws, k, k)
    sample = [_alpha(matrix, values, level) for matrix in resampled]
    lower, upper = np.nanquantile(sample, [0.025, 0.975])
    return alpha, float(lower), float(upper), len(counts), size.sum()


def _alpha(coincidence: np.ndarray, values: np.ndarray, level: str) -> float:
    n = coincidence.sum(1)
    distance = _distance(n, values, level)
    expected = n @ distance @ n / (n.sum() - 1.0)
    return float(1.0 - (coincidence * distance).sum() / expected) if expected > 0 else np.nan


def _distance(n: np.ndarray, values: np.ndarray, level: str) -> np.ndarray:
    """Squared distance of two scores, with their marginal counts n."""
    if level == "nominal":
        return 1.0 - np.eye(values.size)
    if level == "ordinal":
        values = np.cumsum(n) - n / 2.0
    gap = (values[:, None] - values[None, :]) ** 2
    if level == "ratio":
        total = values[:, None] + values[None, :]
        gap = np.divide(gap, total**2, out=np.zeros_like(gap), where=total != 0)
    return gap


def pairwise(ratings: pd.DataFrame, scale: list) -> pd.DataFrame:
    """Every two raters side by side: do they use the same words, and would they order alike?

    The two differ: a rater one point stricter throughout agrees little (kappa) and orders alike
    (tau-b). Both are over the units (customer, item and occasion or year) that both rated.

    Parameters
    ----------
    ratings : DataFrame
        As for `krippendorff_alpha`.
    scale : list
        The scale, worst first.

    Returns
    -------
    DataFrame
        One row a pair with two common units or more: rater_a, rater_b, n, agreement (share of equal
        scores), kappa and kappa_sd (Cohen, quadratic weights, asymptotic error under the
        alternative), tau_b, difference (mean step of a above b); missing where one of the two
        gave the same score to all.
    """
    frame = ratings.dropna(subset=["score"])
    if "date" in frame:
        frame = frame.sort_values("date", kind="stable")
    frame = frame.assign(unit=_units(frame)).drop_duplicates(["unit", "rater"], keep="last")
    _, code = _values(frame["score"], "ordinal", scale)
    wide = frame.assign(code=code).pivot_table(index="unit", columns="rater", values="code")
    rows = []
    for a, b in combinations(wide.columns, 2):
        both = wide[[a, b]].dropna().astype(int).to_numpy()
        if len(both) < 2:
            continue
        table = np.zeros((len(scale), len(scale)))
        np.add.at(table, (both[:, 0], both[:, 1]), 1)
        step = (both[:, 0] - both[:, 1]).mean()
        varied = (both.min(axis=0) < both.max(axis=0)).all()
        kappa, sd = weighted_kappa(table, "quadratic") if varied else (np.nan, np.nan)
        tau = kendalltau(both[:, 0], both[:, 1]).statistic if varied else np.nan
        same = (both[:, 0] == both[:, 1]).mean()
        rows.append((a, b, len(both), same, kappa, sd, tau, step))
    columns = ["rater_a", "rater_b", "n", "agreement", "kappa", "kappa_sd", "tau_b", "difference"]
    return pd.DataFrame(rows, columns=columns)


def weighted_kappa(table: np.ndarray, weights: str | None = None) -> tuple[float, float]:
    """Cohen's kappa of two raters and its asymptotic standard error.

    Parameters
    ----------
    table : array (k, k)
        Counts: rows the first rater's words, columns the second's.
    weights : None, "linear" or "quadratic"
        Whether a near miss counts half.

    Examples
    --------
    >>> kappa, sd = weighted_kappa(np.array([[0, 4, 1], [0, 8, 0], [0, 1, 5]]))
    >>> round(kappa, 4), round(sd, 4)
    (0.4842, 0.138)
    """
    if weights not in (None, "linear", "quadratic"):
        message = f"weights is None, linear or quadratic, and '{weights}' was given."
        raise ValueError(message)
    found = cohens_kappa(np.asarray(table, dtype=float), wt=weights)
    return float(found.kappa), float(found.std_kappa)


def icc(ratings: pd.DataFrame) -> pd.DataFrame:
    """How much of the variance of scores is the customers', with every incomplete row kept.

    Variance components by Henderson's third method (1953): reductions in the sum of squares of
    customers given raters and of raters given customers, equated to their expectations. With a
    complete table these are the mean squares of Shrout & Fleiss (1979).

    Parameters
    ----------
    ratings : DataFrame
        `customer_id`, `rater`, numeric `score`, one row a rating (average items first).

    Returns
    -------
    DataFrame
        Index "ICC(1,1)", "ICC(A,1)", "ICC(C,1)", "ICC(1,k)", "ICC(A,k)", "ICC(C,k)": one-way,
        absolute agreement and consistency; of one score and of the mean of k, k the harmonic mean
        of the raters per customer. Column icc.

    Examples
    --------
    >>> judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8],
    ...           [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> long = pd.DataFrame(judges).stack().rename_axis(["customer_id", "rater"]).rename("score")
    >>> icc(long.reset_index())["icc"].round(4).tolist()
    [0.1657, 0.2898, 0.7148, 0.4428, 0.6201, 0.9093]
    """
    frame = ratings.dropna(subset=["score"])
    customer, customers = pd.factorize(frame["customer_id"])
    rater, raters = pd.factorize(frame["rater"])
    y = frame["score"].to_numpy(dtype=float)
    n, n_customers, n_raters = y.size, len(customers), len(raters)
    cells = np.zeros((n_customers, n_raters))
    np.add.at(cells, (customer, rater), 1.0)
    per_customer, per_rater = cells.sum(1), cells.sum(0)
    if n <= n_customers or n_customers < 2:
        message = (
            f"ICC needs customers with two scores or more: {n:,} scores of {n_customers:,} "
            "customers are one each."
        )
        raise ValueError(message)
    total = y @ y
    by_customer = (np.bincount(customer, y) ** 2 / per_customer).sum()
    by_rater = (np.bincount(rater, y) ** 2 / per_rater).sum()
    # the additive fit: customers eliminated, raters from what is left
    share = cells / per_customer[:, None]
    left = np.diag(per_rater) - cells.T @ share
    right = np.bincount(rater, y) - share.T @ np.bincount(customer, y)
    effect = np.linalg.lstsq(left, right, rcond=None)[0]
    of_raters = float(right @ effect)
    rank = np.linalg.matrix_rank(left)
    error_df = n - n_customers - rank
    additive = by_customer + of_raters
    error = (total - additive) / error_df if error_df > 0 else 0.0
    k_rater = n - (cells**2 / per_customer[:, None]).sum()
    sigma_rater = (of_raters - rank * error) / k_rater if k_rater > 0 else 0.0
    k_customer = n - (cells**2 / per_rater[None, :]).sum()
    rank_customer = n_customers + rank - n_raters
    sigma_customer = (additive - by_rater - rank_customer * error) / k_customer
    # one way: the rater's part is error
    within = (total - by_customer) / (n - n_customers)
    n0 = (n - (per_customer**2).sum() / n) / (n_customers - 1)
    between = (by_customer - y.sum() ** 2 / n) / (n_customers - 1)
    one_way = (between - within) / n0
    k = n_customers / (1.0 / per_customer).sum()
    noises = {"1": (one_way, within), "A": (sigma_customer, sigma_rater + error)}
    noises["C"] = (sigma_customer, error)
    rows = {}
    for size, of in (("1", 1.0), ("k", k)):
        rows |= {f"ICC({name},{size})": s / (s + e / of) for name, (s, e) in noises.items()}
    return pd.DataFrame({"icc": rows}).rename_axis("measure")
