"""The function that has CloudFront evict what it has cached of removed pictures."""
