"""From executed chapters to one HTML file: words, figures, tables, findings, render, publish."""
