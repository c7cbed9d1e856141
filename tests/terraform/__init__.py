"""The Terraform stack: what it plans, what it refuses, and how it is written."""
