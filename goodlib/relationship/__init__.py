"""How good it is to work with a customer: ratings by people who differ, evidence from the log."""

from goodlib.relationship.agreement import krippendorff_alpha
from goodlib.relationship.rating import RatingModel

__all__ = ["RatingModel", "krippendorff_alpha"]
