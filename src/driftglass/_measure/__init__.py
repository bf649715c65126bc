"""Measurements of a run that take long, made once and kept with it.

Tracks of a space, motion of a sequence of maps, similarity of snapshots, errors of one map: a
*request* says what is wanted, a *plan* what is kept of it and what it would cost. The numbers are
the diagnostics'; nothing here computes any.
"""

from ._kinds import measure
from ._request import KINDS, MeasurePlan, MeasureRequest, plan_measurement

__all__ = ["KINDS", "MeasurePlan", "MeasureRequest", "measure", "plan_measurement"]
