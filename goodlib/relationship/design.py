"""Who rated whom: raters can be compared only along a chain of customers they share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


class Design(NamedTuple):
    """The graph of raters and customers."""

    component: pd.Series
    """Of each rater, 0 the one with most ratings: raters of one component can be compared."""
    ratings: pd.Series
    """Number of ratings in each component, largest first."""
    raters_per_customer: pd.Series
    """How many raters each rated customer has."""

    @property
    def comparable(self) -> bool:
        """Whether severity can be told for most ratings: two raters linked, half of the ratings."""
        linked = (self.component == 0).sum() >= 2
        return bool(linked and self.ratings.iloc[0] >= self.ratings.sum() / 2)

    @property
    def apart(self) -> list[str]:
        """Raters that no chain of shared customers links to the main component."""
        return list(self.component.index[self.component > 0])

    def cure(self, ratings: pd.DataFrame, show: int = 3) -> str:
        """Names who cannot be compared with whom, and the ratings that would connect them."""
        first = self.component.index[self.component == 0][0]
        others = self.component[self.component > 0].sort_values(kind="stable")
        others = others[~others.duplicated()].index
        seen = ratings.drop_duplicates("rater").set_index("rater")["customer_id"]
        rating = "rating" if len(others) == 1 else "ratings"
        return (
            f"'{first}' has no customer in common, directly or through others, with "
            f"{_some(list(others), show)}; {len(others):,} {rating} by '{first}' would connect "
            f"them: of {_some(list(seen[others]), show)}"
        )


def _some(names: list[str], show: int) -> str:
    """The first few, quoted: 'a', 'b', 'c' and 2 more."""
    words = [f"'{name}'" for name in names[:show]]
    words += [f"{len(names) - show:,} more"] * (len(names) > show)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def design(ratings: pd.DataFrame) -> Design:
    """Which raters can be compared: connected components of the graph of raters and customers.

    Two raters are comparable when they rated the same customer, or when a chain of such pairs leads
    from one to the other. Otherwise "he is stricter" and "his customers are worse" fit the data
    alike, and no model tells them apart.

    Parameters
    ----------
    ratings : DataFrame
        Columns `customer_id` and `rater`, one row a rating.

    Examples
    --------
    >>> ratings = pd.DataFrame({"customer_id": list("AABC"), "rater": ["ann", "bo", "bo", "cy"]})
    >>> design(ratings).component.to_dict()
    {'ann': 0, 'bo': 0, 'cy': 1}
    """
    customer, customers = pd.factorize(ratings["customer_id"])
    rater, raters = pd.factorize(ratings["rater"])
    n, m = len(customers), len(raters)
    graph = coo_array((np.ones(customer.size), (customer, n + rater)), shape=(n + m, n + m))
    _, label = connected_components(graph, directed=False)
    counts = pd.Series(label[customer]).value_counts(sort=False)
    counts = counts.sort_index().sort_values(ascending=False, kind="stable")
    order = pd.Series(np.arange(counts.size), index=counts.index)
    component = pd.Series(order[label[n:]].to_numpy(), index=pd.Index(raters, name="rater"))
    per_customer = ratings.groupby("customer_id")["rater"].nunique().rename("n_raters")
    return Design(
        component.rename("component"),
        pd.Series(counts.to_numpy(), name="n_ratings"),
        per_customer,
    )
