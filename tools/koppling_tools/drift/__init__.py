"""A connector held against the vendor's OpenAPI document: what differs, and what of it has a reason in the spec."""
