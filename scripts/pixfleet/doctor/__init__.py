"""`pixfleet doctor`: one module for each part of a stack that can be wrong."""
