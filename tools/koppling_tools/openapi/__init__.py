"""OpenAPI documents, 3.0 and 3.1: their operations, and their schemas as plain JSON Schema 2020-12."""
