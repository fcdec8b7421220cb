"""What to do about it: segments against ratings, the three goods in balance, where to invest."""
