"""What the engine measures of itself, forwarded to an Auralis hub. Needs Python 3.9 and its standard library."""
