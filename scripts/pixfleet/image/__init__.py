"""One image: its history, the reason for its state, its URLs and a page that shows it."""
