"""Pure functions and fakes: no network, no process, no libvips."""
