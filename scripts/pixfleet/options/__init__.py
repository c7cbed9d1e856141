"""The options that every command has, and the contexts that keep them."""
