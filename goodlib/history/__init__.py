"""What happened: study files, intake, canonical tables, the summary of each customer's orders."""

from goodlib.history.intake import History, IntakeError, IntakeWarning, read_history, read_orders
from goodlib.history.prepare import inputs, prepare
from goodlib.history.study import Study, StudyError
from goodlib.history.summary import summarize

__all__ = [
    "History",
    "IntakeError",
    "IntakeWarning",
    "Study",
    "StudyError",
    "inputs",
    "prepare",
    "read_history",
    "read_orders",
    "summarize",
]
