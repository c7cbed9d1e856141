"""How a command finds a deployed stack, reads its resources and calls AWS."""
