"""The packages under the Debian that has their Python: minutes, root and debootstrap."""
