"""HTML that shows images: a page of cards, and the markup for a web page."""
