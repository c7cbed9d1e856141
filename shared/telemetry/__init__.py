"""What the fleet tells people about its work."""
