"""Checks for people who extend driftglass: inherit one, and pytest runs what must hold.

Nothing here is needed to use the library; it imports pytest only when a test does.
"""

from ._blobs import BlobsChecks

__all__ = ["BlobsChecks"]
