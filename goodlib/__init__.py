"""Who are our good customers?

The rooms, in the way of the data (docs/architecture.md):

    history -> value        -> decision -> report -> cli
            -> relationship ->
"""

from goodlib.history import Study, read_orders, summarize
from goodlib.relationship import RatingModel, krippendorff_alpha
from goodlib.value.inference import compare
from goodlib.value.posterior import PosteriorError
from goodlib.value.purchase import BetaGeoNBD, ModifiedBetaGeoNBD, ParetoNBD

__all__ = [
    "BetaGeoNBD",
    "ModifiedBetaGeoNBD",
    "ParetoNBD",
    "PosteriorError",
    "RatingModel",
    "Study",
    "compare",
    "krippendorff_alpha",
    "read_orders",
    "summarize",
]
__version__ = "0.1.0"
