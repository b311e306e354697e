"""The static site of a catalog: pages for people, made of specs and examples alone."""
