"""The only top-level package of the wheel: the command, and the code that it runs in `code/`."""
