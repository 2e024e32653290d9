"""Engraft: leukaemia treatment protocols simulated patient by patient. Only the public names; each is imported when used."""

from __future__ import annotations

__version__ = "0.1.0"
