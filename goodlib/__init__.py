"""Who are our good customers?

The rooms, in the way of the data (docs/architecture.md):

    history -> value        -> decision -> report -> cli
            -> relationship ->
"""

__version__ = "0.1.0"

from goodlib.history import Study, read_orders, summarize

__all__ = ["Study", "read_orders", "summarize"]
