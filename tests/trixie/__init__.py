"""The packages under Debian trixie, whose Python is Lambda's; needs minutes, root, debootstrap."""
