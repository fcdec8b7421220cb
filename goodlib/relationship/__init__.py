"""How good it is to work together: ratings by people who differ, and evidence from the log."""
