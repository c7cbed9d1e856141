"""What a person sees: console, text, times and exit codes."""
