"""New specs: from what a person says, from a vendor's OpenAPI document, from a line of curl.

What is made is tried before anything is written: it is run, checked and left out where it does not hold.
"""
