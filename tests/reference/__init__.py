"""Definitions in plain NumPy, written to be read. The library is compared with them."""
