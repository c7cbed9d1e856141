"""Programs that people run: the command line, the demo, the local AWS."""
