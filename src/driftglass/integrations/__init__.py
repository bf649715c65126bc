"""Recording from inside training: a few lines for each framework, the same for all.

A `Recorder` decides what to record and when, and knows no framework; a function per framework
makes the object that calls it. Frameworks are imported when such a function is called.
"""

from ._hooks import keras_callback, lightning_callback, torch_recorder, transformers_callback
from ._pooling import pooled
from ._recorder import Captured, Recorder, RecorderReport
from ._schedule import Schedule

__all__ = [
    "Captured",
    "Recorder",
    "RecorderReport",
    "Schedule",
    "keras_callback",
    "lightning_callback",
    "pooled",
    "torch_recorder",
    "transformers_callback",
]
