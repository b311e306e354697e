"""All vendors by the name of their connector."""

from __future__ import annotations

from strict.blobs import blobs
from strict.careful import careful
from strict.forms import (
    header_key,
    lists_brackets,
    lists_comma,
    lists_indexed,
    lists_repeat,
    nested_form,
    path_key,
    query_key,
)
from strict.jobs import jobs
from strict.pager import pager
from strict.streams import streams

VENDORS = {
    "blobs": blobs,
    "careful": careful,
    "header_key": header_key,
    "jobs": jobs,
    "lists_brackets": lists_brackets,
    "lists_comma": lists_comma,
    "lists_indexed": lists_indexed,
    "lists_repeat": lists_repeat,
    "nested_form": nested_form,
    "pager": pager,
    "path_key": path_key,
    "query_key": query_key,
    "streams": streams,
}
