"""Images: what became of a source, and which sources there are."""
