"""The commands of `pixfleet`, a file each."""
