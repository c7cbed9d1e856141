"""One image: its whole life, what it looks like, and how a page shows it."""
