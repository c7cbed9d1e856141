"""What `pixfleet doctor` looks at: one file for each part of a stack that can be wrong."""
