"""Inputs to a request: every template parsed once, each value escaped as its place demands. No I/O."""

from __future__ import annotations

from koppling.render.address import absolute, origin
from koppling.render.places import Places
from koppling.render.request import RequestTemplate

__all__ = ["Places", "RequestTemplate", "absolute", "origin"]
