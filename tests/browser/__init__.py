"""Headless Chromium as a second decoder; needs Debian's package `chromium`: `make nightly`."""
