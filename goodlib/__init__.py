"""Who are our good customers?

The rooms, in the way of the data (docs/architecture.md):

    history -> value        -> decision -> report -> cli
            -> relationship ->

The public names stand in __init__.pyi, room by room; each is imported when it is first used, so
that a command or a notebook loads the rooms it needs and no others.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = "0.1.0"
