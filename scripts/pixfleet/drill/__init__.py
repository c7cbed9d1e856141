"""What `pixfleet drill` drops, where each of it must land, and how all of it goes away again."""
