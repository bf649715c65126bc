"""Every request a viewer may make: method, path, function and who may make it. No HTTP here."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from . import _choosing as choosing
from . import _clusters as clusters
from . import _comparing as comparing
from . import _compute as compute
from . import _explaining as explaining
from . import _finding as finding
from . import _labels as labels
from . import _maps as maps
from . import _measurements as measurements
from . import _neighbors as near
from . import _read as read
from . import _table as table
from ._edges import answer_edges
from ._library import Library
from ._moved import answer_moved
from ._paths import answer_paths
from ._question import Answer, Question
from ._torn import answer_torn

__all__ = ["REQUESTS", "Policy", "Request", "find_request"]

Policy = Literal["open", "read", "write"]
"""Who may ask: anybody; whoever has the token; the same, unless the server is read-only."""


@dataclass(frozen=True)
class Request:
    """One line of the table.

    Parameters
    ----------
    method : {"GET", "POST"}
        HTTP's word; the other carriers keep it.
    path : str
        Pattern with names in braces, for example ``/api/runs/{run}``.
    function : callable
        Takes the library and the question, returns the answer.
    policy : {"open", "read", "write"}
        Who may ask.
    """

    method: Literal["GET", "POST"]
    path: str
    function: Callable[[Library, Question], Answer]
    policy: Policy

    @property
    def pattern(self) -> re.Pattern[str]:
        """Regular expression that matches a whole path."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path) + r"\Z", re.DOTALL)


REQUESTS: tuple[Request, ...] = (
    Request("GET", "/healthz", read.answer_health, "open"),
    Request("GET", "/api/info", read.answer_info, "read"),
    Request("GET", "/api/events", read.answer_events, "read"),
    Request("GET", "/api/runs", read.answer_runs, "read"),
    Request("GET", "/api/runs/{run}", read.answer_run, "read"),
    Request("GET", "/api/runs/{run}/columns", read.answer_column, "read"),
    Request("GET", "/api/runs/{run}/text", read.answer_text, "read"),
    Request("GET", "/api/runs/{run}/ids", read.answer_ids, "read"),
    Request("GET", "/api/runs/{run}/items", read.answer_item, "read"),
    Request("GET", "/api/runs/{run}/sprite_index", read.answer_sprite_index, "read"),
    Request("GET", "/api/runs/{run}/sprites", read.answer_sprites, "read"),
    Request("GET", "/api/runs/{run}/scalars", read.answer_scalars, "read"),
    Request("GET", "/api/runs/{run}/predictions", read.answer_predictions, "read"),
    Request("GET", "/api/methods", maps.answer_methods, "read"),
    Request("GET", "/api/runs/{run}/projections", maps.answer_projections, "read"),
    Request("GET", "/api/runs/{run}/projection", maps.answer_projection, "read"),
    Request("POST", "/api/runs/{run}/projection", maps.answer_project, "write"),
    Request("GET", "/api/runs/{run}/frames", compute.answer_frames, "read"),
    Request("GET", "/api/runs/{run}/picture", compute.answer_picture, "read"),
    Request("GET", "/api/runs/{run}/torn", answer_torn, "read"),
    Request("GET", "/api/runs/{run}/measurement", measurements.answer_measurement, "read"),
    Request("POST", "/api/runs/{run}/measurement", measurements.answer_measure, "write"),
    Request("GET", "/api/runs/{run}/measured", measurements.answer_measured, "read"),
    Request("POST", "/api/runs/{run}/table", table.answer_table, "read"),
    Request("GET", "/api/runs/{run}/neighbors", near.answer_neighbors, "read"),
    Request("POST", "/api/runs/{run}/neighbors", near.answer_find_neighbors, "write"),
    Request("POST", "/api/runs/{run}/edges", answer_edges, "read"),
    Request("POST", "/api/runs/{run}/paths", answer_paths, "read"),
    Request("POST", "/api/runs/{run}/explanation", explaining.answer_explanation, "read"),
    Request("POST", "/api/runs/{run}/explain", explaining.answer_explain, "write"),
    Request("GET", "/api/runs/{run}/contributions", explaining.answer_contributions, "read"),
    Request("GET", "/api/runs/{run}/features", explaining.answer_features, "read"),
    Request("GET", "/api/runs/{run}/clusters", clusters.answer_clusters, "read"),
    Request("POST", "/api/runs/{run}/clusters", clusters.answer_name_clusters, "write"),
    Request("GET", "/api/runs/{run}/labels", labels.answer_labels, "read"),
    Request("GET", "/api/runs/{run}/labels/rows", labels.answer_label_rows, "read"),
    Request("POST", "/api/runs/{run}/labels", labels.answer_save_label, "write"),
    Request("POST", "/api/runs/{run}/labels/delete", labels.answer_delete_label, "write"),
    Request("GET", "/api/runs/{run}/moved", answer_moved, "read"),
    Request("GET", "/api/runs/{run}/pairing", comparing.answer_pairing, "read"),
    Request("GET", "/api/runs/{run}/comparison", comparing.answer_comparison, "read"),
    Request("POST", "/api/runs/{run}/comparison", comparing.answer_compare, "write"),
    Request("GET", "/api/runs/{run}/where", finding.answer_where, "read"),
    Request("GET", "/api/runs/{run}/search", finding.answer_search, "read"),
    Request("GET", "/api/runs/{run}/similar", finding.answer_similar, "read"),
    Request("GET", "/api/runs/{run}/selections", choosing.answer_selections, "read"),
    Request("GET", "/api/runs/{run}/selections/rows", choosing.answer_selection, "read"),
    Request("POST", "/api/runs/{run}/selections", choosing.answer_save_selection, "write"),
    Request("POST", "/api/runs/{run}/selections/delete", choosing.answer_delete_selection, "write"),
    Request("GET", "/api/runs/{run}/selected", choosing.answer_selected, "read"),
    Request("POST", "/api/runs/{run}/selected", choosing.answer_chosen, "write"),
    Request("GET", "/api/jobs", maps.answer_jobs, "read"),
    Request("GET", "/api/jobs/{job}", maps.answer_job, "read"),
    Request("POST", "/api/jobs/{job}/cancel", maps.answer_cancel, "write"),
    Request("POST", "/api/jobs/{job}/pause", maps.answer_pause, "write"),
    Request("POST", "/api/jobs/{job}/resume", maps.answer_resume, "write"),
    Request("POST", "/api/jobs/{job}/keep", maps.answer_keep, "write"),
)

_PATTERNS = [(request, request.pattern) for request in REQUESTS]


def find_request(path: str) -> tuple[dict[str, Request], dict[str, str]]:
    """Requests of a path by method, and the names in it; both empty for an unknown path."""
    found: dict[str, Request] = {}
    names: dict[str, str] = {}
    for request, pattern in _PATTERNS:
        match = pattern.match(path)
        if match:
            found[request.method] = request
            names = match.groupdict()
    return found, names
