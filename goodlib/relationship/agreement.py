"""Do the raters agree? Chance-corrected agreement, and how far a second opinion would order alike.

Agreement and order are two questions: a rater one point stricter throughout orders all customers as
the others do (tau-b near 1) and yet disagrees with them (alpha well below 1).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

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
