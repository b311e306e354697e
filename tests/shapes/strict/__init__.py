"""Vendors that take one encoding each, and refuse every other with the reason."""
