"""One file a detector, one detector a symbol; the list below is explicit."""
