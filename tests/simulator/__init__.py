"""An AWS in virtual time: what the worker speaks to, as state machines without threads."""
