"""What every command of `pixfleet` stands on: the stack, the clients, the screen, the refusals."""
