"""The browser that reports are looked at with."""

from __future__ import annotations

from tests.browsing import browser, look

__all__ = ["browser", "look"]  # fixtures
