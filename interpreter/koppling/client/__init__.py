"""Executes modules by name: the clients, and the two drivers of a call under them."""

from __future__ import annotations

from koppling.client.clients import AsyncClient, Client, execute
from koppling.client.clock import Clock
from koppling.client.drivers import AsyncItems, AsyncRun, Items, Run

__all__ = ["AsyncClient", "AsyncItems", "AsyncRun", "Client", "Clock", "Items", "Run", "execute"]
