"""Auralis, as far as an engine needs it to be monitored."""
