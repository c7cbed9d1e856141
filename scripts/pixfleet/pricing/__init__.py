"""What AWS bills, in one price table."""
