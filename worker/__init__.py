"""The fleet: what happens to a message, and to the image that it hints at."""
