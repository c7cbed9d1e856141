"""The service itself: whether it is up, and the description of its routes."""
