"""AWS's prices in one table, and what rendering and storing images costs."""
