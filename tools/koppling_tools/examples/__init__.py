"""Examples as tests.

Reading them, running them without a network, and saying in what a call differed from what one states.
"""
