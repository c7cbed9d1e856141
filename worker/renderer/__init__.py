"""The renderer: makes objects of the variants bucket at their first request."""
