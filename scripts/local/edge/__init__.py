"""CloudFront's caching and origins for the local AWS, with the standard library only."""
