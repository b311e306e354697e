"""Inputs to a request: every template parsed once, each value escaped as its place demands. No I/O."""

from __future__ import annotations

from koppling.render.address import absolute, origin
from koppling.render.places import Places
from koppling.render.request import RequestTemplate

# `koppling.render.tracing` is imported by whoever asks for a trace: a call does not.
__all__ = ["Places", "RequestTemplate", "absolute", "origin"]
