"""The hidden checks, and the laboratory that they work in."""
