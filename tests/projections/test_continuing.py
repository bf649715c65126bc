"""Sequences of t-SNE maps."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from driftglass import InvalidInputError, NotFoundError
from driftglass._progress import Cancelled
from driftglass.projections import extend_sequence, procrustes, project_sequence


@pytest.fixture
def drifting(rng):
    """Four snapshots of three groups that come apart."""
    centers = np.repeat(np.eye(3, 8), 40, axis=0)
    noise, drift = rng.normal(size=(120, 8)), rng.normal(size=(120, 8))
    return [noise + (4 + 2 * t) * centers + 0.1 * t * drift for t in range(4)]


def test_each_frame_begins_where_the_one_before_left_off(rng):
    # Without groups or leading axes, maps made afresh have little reason to agree.
    X = rng.normal(size=(200, 12))
    Xs = [X, X + 0.05 * rng.normal(size=X.shape)]
    continued = project_sequence(Xs, method="tsne")
    afresh = [project_sequence([X], method="tsne")[0].coordinates for X in Xs]

    moved = np.linalg.norm(continued[1].coordinates - continued[0].coordinates, axis=1)

    turned = procrustes(afresh[1], afresh[0]).apply(afresh[1])
    moved_afresh = np.linalg.norm(turned - afresh[0], axis=1)
    assert np.median(moved) < 0.05 * np.ptp(continued[0].coordinates)
    assert np.median(moved) < 0.5 * np.median(moved_afresh)


def test_each_frame_shows_its_own_snapshot(drifting, rng):
    sequence = project_sequence(drifting, method="tsne")

    for X, frame in zip(drifting, sequence, strict=True):
        assert trustworthiness(X, frame.coordinates, n_neighbors=7) > 0.9
        assert trustworthiness(X, rng.permutation(frame.coordinates), n_neighbors=7) < 0.7


def test_rows_are_joined_by_id_and_new_ones_come_in_among_their_neighbours(drifting, rng):
    order = rng.permutation(120)
    ids = [np.arange(90), order]

    sequence = project_sequence([drifting[0][:90], drifting[0][order]], ids=ids, method="tsne")

    before, after = sequence[0].coordinates, sequence[1].coordinates[np.argsort(order)]
    within = np.linalg.norm(after[:90] - before, axis=1)
    # Thirty rows more push the others outwards.
    assert np.median(within) < 0.35 * np.ptp(before)
    groups = after.reshape(3, 40, 2)
    new_center, old_center = groups[2, 10:].mean(axis=0), groups[2, :10].mean(axis=0)
    assert np.linalg.norm(new_center - old_center) < 0.3 * np.ptp(after)


def test_frames_say_what_was_lowered_and_the_sequence_how_it_was_made(drifting):
    sequence = project_sequence([X[:60] for X in drifting], method="tsne", random_state=3)

    assert all("perplexity 30 lowered to 19.6" in frame.notes[0] for frame in sequence)
    assert sequence.provenance.method == "tsne"
    assert sequence.provenance.random_state == 3
    assert "basis" not in sequence.provenance.parameters


def test_empty_tiny_and_equal_snapshots_are_passed_over(drifting):
    X = drifting[0]

    sequence = project_sequence([X[:0], X[:2], X, np.ones((5, 8)), X], method="tsne")

    assert [len(frame.ids) for frame in sequence] == [0, 2, 120, 5, 120]
    assert not sequence[3].coordinates.std(axis=0).any()
    assert np.isfinite(sequence[4].coordinates).all()


def test_parameters_are_passed_on_and_recorded(drifting):
    sequence = project_sequence(drifting[:2], method="tsne", perplexity=7, n_iter=100)

    assert sequence.provenance.parameters["perplexity"] == 7
    assert not any("lowered" in note for note in sequence[0].notes)
    with pytest.raises(NotFoundError, match=r"parameter of tsne named 'perplexty'.*Did you mean"):
        project_sequence(drifting[:2], method="tsne", perplexty=7)


def test_cannot_be_extended(drifting):
    sequence = project_sequence(drifting[:2], method="tsne")

    with pytest.raises(InvalidInputError, match="made by 'tsne' without a model"):
        extend_sequence(sequence, drifting[2])


def test_can_be_cancelled_in_the_middle_of_a_map(drifting):
    calls = []

    def progress(done, total, what):
        calls.append(done)
        if done > 1.2:
            raise Cancelled

    with pytest.raises(Cancelled):
        project_sequence(drifting, method="tsne", progress=progress)

    assert 1.2 < max(calls) < 2


def test_more_components_than_it_can_make_are_refused(drifting):
    with pytest.raises(InvalidInputError, match="n_components is 4"):
        project_sequence(drifting, method="tsne", n_components=4)
