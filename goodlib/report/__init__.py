"""From executed chapters to one HTML file: words, figures, tables, findings, run, render, publish."""
