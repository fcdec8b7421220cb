"""How good it is to work with a customer: ratings by people who differ, evidence from the log."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"agreement": ["krippendorff_alpha"], "rating": ["RatingModel"]}
)
