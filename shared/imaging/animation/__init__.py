"""Animations: composes frames that libvips composes otherwise than browsers, bounds timing."""
