"""`pixfleet purge`: asks the purge function to have CloudFront evict what it has cached."""
