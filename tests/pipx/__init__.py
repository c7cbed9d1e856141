"""Installs the wheel with pipx, which downloads its packages: `make pipx`."""
