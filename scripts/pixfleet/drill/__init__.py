"""`pixfleet drill`: good and bad files, the outcome expected of each, and the clean-up."""
