"""Refuses sources that have lost pixels where their decoders show the rest as a whole picture."""
