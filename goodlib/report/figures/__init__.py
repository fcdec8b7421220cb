"""Figures: a tidy frame in, Axes out. The only folder that imports seaborn or matplotlib."""
