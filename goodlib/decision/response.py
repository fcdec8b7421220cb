"""How much of a customer's good a level of service brings: an assumption, never an estimate.

A study may state it, level by level and good by good. Where it does not, one default stands for it,
with its source, and the sweep shows which decisions hang on it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from goodlib.decision.balance import GOODS

ELASTICITY = 0.31
"""Default: one percent more time with a customer brings 0.31 percent more of the good.

Of the mean of 506 published elasticities of sales to personal selling, 0.34, that much is left once
the bias of methods is taken out.
"""
SOURCE = (
    "the mean of 506 published elasticities of sales to personal selling once the bias of their "
    "methods is taken out; as published it is 0.34 (Albers, Mantrala & Sridhar 2010, Personal "
    "selling elasticities: a meta-analysis, Journal of Marketing Research 47, 840-853)"
)


class Response(NamedTuple):
    """The levels of service with what each brings of every good."""

    services: pd.DataFrame
    """Indexed by level: `name`, `hours`, `cost` and `response_others`, `response_skill`,
    `response_you`, 0 to 1."""
    assumed: tuple[str, ...]
    """Goods for which the study states no response, so that the default stands for it."""


def response(services: pd.DataFrame) -> Response:
    """The study's levels of service, the default response in the place of one it does not state.

    Default: r = (hours / most hours) ** ELASTICITY, so full service brings all of a good.

    Parameters
    ----------
    services : DataFrame, one row a level
        `level`, `name`, `hours`, `cost`, and as far as the study states them `response_others`,
        `response_skill`, `response_you`.

    Examples
    --------
    >>> levels = pd.DataFrame({"level": [0, 1], "name": ["book", "full"], "hours": [1.0, 32.0]})
    >>> response(levels.assign(cost=0.0)).services["response_you"].round(2).tolist()
    [0.34, 1.0]
    """
    table = services.set_index("level") if "level" in services.columns else services
    assumed = tuple(good for good in GOODS if f"response_{good}" not in table)
    hours = pd.to_numeric(table["hours"], errors="coerce") if "hours" in table else np.nan
    default = (hours / np.nanmax(hours)) ** ELASTICITY if assumed else None
    return Response(table.assign(**{f"response_{good}": default for good in assumed}), assumed)
