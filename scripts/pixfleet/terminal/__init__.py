"""Output on a terminal: console, text, times and exit codes."""
