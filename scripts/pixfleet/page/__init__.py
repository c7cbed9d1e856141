"""HTML pages that show pictures: the gallery, one source, the markup of a page."""
