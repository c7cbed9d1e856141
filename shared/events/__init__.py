"""The messages that other systems send us, read into hints."""
