"""The HTTP API: uploads without AWS credentials, and the status, list and deletion of images."""
