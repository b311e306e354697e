"""Changes to spec files that touch only the lines they must.

A change is made in the text, at the place that the parser tells, and proven by reading the file again: the value
differs where it was meant to, and nowhere else.
"""
