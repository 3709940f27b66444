"""Auralis, as far as an engine needs it to be monitored."""

# The release of the hub that these modules belong to; the version of the wheel, too.
__version__ = "0.1.0"
