"""Dead letters: looked through, tried, sent back to their lanes, or dropped."""
