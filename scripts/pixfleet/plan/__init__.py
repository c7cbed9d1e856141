"""Shows what recipes would make before they are deployed: `pixfleet plan` and `recipes`."""
