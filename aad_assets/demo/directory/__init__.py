"""The directory: what the demo tenant contains on one day, one module per area.

Every object is a pure function of (seed, day, index), rendered when a page asks for it; only indices are kept.
"""
