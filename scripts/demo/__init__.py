"""`make demo`: uploads images to a local stack, and writes a page that shows the variants."""
