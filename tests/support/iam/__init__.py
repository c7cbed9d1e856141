"""Checks the calls that tests make against the policies that Terraform renders."""
