# The public names, room by room; __init__.py imports each when it is first used.

# what happened
from .history import Study, read_orders, summarize

# what it is worth
from .value.amount import LogNormalSpend, repeat_amounts
from .value.backtest import backtest
from .value.discrete import BetaGeoBetaBinomial, ShiftedBetaGeometric
from .value.forecast import forecast
from .value.future import simulate_future, tomorrows_best
from .value.inference import compare
from .value.lifetime import residual_value
from .value.posterior import PosteriorError
from .value.prospect import ProspectModel
from .value.purchase import NBD, BetaGeoNBD, ModifiedBetaGeoNBD, ParetoNBD
from .value.referral import referral_value
from .value.regularity import choose_k, log_gaps, regularity
from .value.spend import GammaGamma

# how good it is to work together
from .relationship import RatingModel, krippendorff_alpha

# what to do about it
from .decision.association import pairs, rank_biased_overlap, weighted_kappa
from .decision.balance import aitchison
from .decision.comparison import association, sides, transition
from .decision.goods import three_goods
from .decision.quadrant import quadrants, rank_gap
from .decision.segment import rfm, whale_curve

__all__ = [
    "NBD",
    "BetaGeoBetaBinomial",
    "BetaGeoNBD",
    "GammaGamma",
    "LogNormalSpend",
    "ModifiedBetaGeoNBD",
    "ParetoNBD",
    "PosteriorError",
    "ProspectModel",
    "RatingModel",
    "ShiftedBetaGeometric",
    "Study",
    "aitchison",
    "association",
    "backtest",
    "choose_k",
    "compare",
    "forecast",
    "krippendorff_alpha",
    "log_gaps",
    "pairs",
    "quadrants",
    "rank_biased_overlap",
    "rank_gap",
    "read_orders",
    "referral_value",
    "regularity",
    "repeat_amounts",
    "residual_value",
    "rfm",
    "sides",
    "simulate_future",
    "summarize",
    "three_goods",
    "tomorrows_best",
    "transition",
    "weighted_kappa",
    "whale_curve",
]
__version__: str
