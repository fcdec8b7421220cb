"""Two sides see the same relationship: ours of them, and theirs of us.

Suppliers misjudge systematically how good a relationship is, and the error costs (Mullins et al.
2014), so the client's own rating is taken the same way and the difference is a result of its own.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from statsmodels.regression.linear_model import OLS

from goodlib.relationship.standing import Relationship

MINIMUM = 50
"""Customers rated by both sides below which a surface of five terms is not fitted."""


def gap(staff: Relationship, client: Relationship, draws: int, seed: int) -> pd.DataFrame:
    """How much better we think it is than they do: our expected score less theirs.

    In points of the scale, from joint draws of both fits, so that each side's uncertainty is in it.

    Parameters
    ----------
    staff, client : Relationship
        Fits of both sides' ratings on one scale.
    draws, seed : int

    Returns
    -------
    DataFrame
        One row a customer whom both sides rated: gap, lower_80, upper_80, p_better (the chance that
        we think better of it than they do); largest gap first.

    Raises
    ------
    ValueError
        The scales differ, or no customer is rated by both sides.
    """
    if staff.model.scale != client.model.scale:
        message = (
            f"Both sides must use one scale: staff have {staff.model.scale}, customers "
            f"{client.model.scale}."
        )
        raise ValueError(message)
    both = staff.codes["customer"].intersection(client.codes["customer"], sort=False)
    if both.empty:
        message = (
            f"A gap needs customers rated by both sides: staff rated {len(staff.codes['customer'])}"
            f", customers {len(client.codes['customer'])}, and none is in both."
        )
        raise ValueError(message)
    ours = staff.expected_score(staff.draws(draws, seed).loc[both].to_numpy())
    theirs = client.expected_score(client.draws(draws, seed + 1).loc[both].to_numpy())
    difference = ours - theirs
    lower, upper = np.quantile(difference, [0.1, 0.9], axis=1)
    frame = pd.DataFrame(
        {
            "gap": difference.mean(axis=1),
            "lower_80": lower,
            "upper_80": upper,
            "p_better": (difference > 0).mean(axis=1),
        },
        index=both.rename("customer_id"),
    )
    return frame.sort_values("gap", ascending=False, kind="stable")


def misjudging(staff: pd.Series, client: pd.Series, growth: pd.Series) -> pd.DataFrame:
    """Whether misjudging a relationship goes with less growth: a response surface.

    growth = b0 + b1 s + b2 c + b3 s^2 + b4 s c + b5 c^2 with s and c centered on their common
    mean (Edwards & Parry 1993). Along s = -c, where the sides disagree, the slope is b1 - b2 and
    the curvature b3 - b4 + b5: negative curvature means that growth falls the more they differ.

    Parameters
    ----------
    staff, client : Series by customer_id
        Each side's expected score.
    growth : Series by customer_id
        What is to be explained, in any unit.

    Returns
    -------
    DataFrame
        Rows "slope of agreement", "curvature of agreement", "slope of misjudging", "curvature of
        misjudging"; columns estimate, sd, lower_80, upper_80 (HC3 standard errors), n.

    Raises
    ------
    ValueError
        Fewer than 50 customers have all three.
    """
    frame = pd.concat({"s": staff, "c": client, "y": growth}, axis=1).dropna()
    if len(frame) < MINIMUM:
        message = (
            f"A surface of five terms needs {MINIMUM} customers with both ratings and growth: "
            f"{len(frame)} have them."
        )
        raise ValueError(message)
    middle = frame[["s", "c"]].to_numpy().mean()
    s, c = frame["s"] - middle, frame["c"] - middle
    terms = np.column_stack([np.ones(len(s)), s, c, s**2, s * c, c**2])
    fit = OLS(frame["y"].to_numpy(), terms).fit(cov_type="HC3")
    contrasts = {
        "slope of agreement": [0, 1, 1, 0, 0, 0],
        "curvature of agreement": [0, 0, 0, 1, 1, 1],
        "slope of misjudging": [0, 1, -1, 0, 0, 0],
        "curvature of misjudging": [0, 0, 0, 1, -1, 1],
    }
    test = fit.t_test(np.array(list(contrasts.values())))
    lower, upper = test.conf_int(alpha=0.2).T
    return pd.DataFrame(
        {"estimate": test.effect, "sd": test.sd, "lower_80": lower, "upper_80": upper}
        | {"n": len(frame)},
        index=pd.Index(contrasts, name="term"),
    )
