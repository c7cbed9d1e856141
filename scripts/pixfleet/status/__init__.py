"""What `pixfleet status` looks at, and what it makes of it."""
