"""`pixfleet console`: pages of a stack, served on loopback with the operator's own credentials.

Every page shows what the commands' own functions return.
"""
