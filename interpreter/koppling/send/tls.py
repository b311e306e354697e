"""The TLS context of the process: reading the certificate authorities takes 20 ms, once."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache


def context() -> ssl.SSLContext:
    """Return the context for the authorities of SSL_CERT_FILE, SSL_CERT_DIR, or else of certifi."""
    return _context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=4)
def _context(file: str | None, folder: str | None) -> ssl.SSLContext:
    if not file and not folder:
        import certifi

        file = certifi.where()
    made = ssl.create_default_context(cafile=file or None, capath=None if file else folder)
    made.set_alpn_protocols(["http/1.1"])
    return made
