"""Executes modules by name: the clients, and the two drivers of a call under them."""

from __future__ import annotations

from koppling.client.clients import AsyncClient, Client, execute

__all__ = ["AsyncClient", "Client", "execute"]
