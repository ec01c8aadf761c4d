"""Socket Dojo: an auto-graded exercise suite for Python network programming."""

__version__ = "1.0.0"
