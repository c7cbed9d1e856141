"""Our own C, which runs in the render child only, and its wrappers."""
