"""`make demo`: images into a local fleet, and a page that shows what came out."""
