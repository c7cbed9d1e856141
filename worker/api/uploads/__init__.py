"""Uploads: signed requests that bring a source into its bucket, and forms for small ones."""
