import numpy as np
import pytest

from driftglass import (
    InvalidInputError,
    NotFoundError,
    Predictions,
    Projection,
    ProjectionSequence,
    Scalars,
    ShapeError,
)
from driftglass.data import Provenance


def frame(ids, step):
    return Projection(ids, np.arange(2.0 * len(ids)).reshape(-1, 2) + step, step=step)


def test_frames_align_by_id_and_leave_gaps():
    sequence = ProjectionSequence((frame(["a", "b"], 0), frame(["c", "a"], 10)), Provenance("test"))

    aligned = sequence.aligned()

    assert sequence.ids.tolist() == ["a", "b", "c"]
    assert aligned[0, 0].tolist() == [0, 1]
    assert aligned[1, 0].tolist() == [12, 13]
    assert np.isnan(aligned[1, 1]).all()
    assert np.isnan(aligned[0, 2]).all()


def test_a_frame_is_found_by_its_step():
    sequence = ProjectionSequence((frame([1], 0), frame([1], 10)), Provenance("test"))

    assert sequence.at(10).step == 10
    with pytest.raises(NotFoundError, match="5"):
        sequence.at(5)


def test_a_projection_refuses_coordinates_that_are_not_finite():
    with pytest.raises(InvalidInputError, match=r"placed id 'b'.*finite"):
        Projection(["a", "b"], np.array([[0, 0], [np.nan, 1]]))


def test_a_projection_needs_one_id_per_row():
    with pytest.raises(ShapeError, match="3 ids"):
        Projection([1, 2, 3], np.zeros((2, 2)))


def test_provenance_keys_follow_content():
    first = Provenance("pca", {"basis": "all", "n_components": 2}, ("h1",))

    assert first.key == Provenance("pca", {"n_components": 2, "basis": "all"}, ("h1",)).key
    assert first.key != Provenance("pca", {"basis": "all", "n_components": 3}, ("h1",)).key
    assert first.key != Provenance("pca", {"basis": "all", "n_components": 2}, ("h2",)).key
    assert Provenance.from_dict(__import__("json").loads(first.to_json())) == first


def test_probabilities_are_recognised():
    predictions = Predictions([1, 2], [[0.9, 0.1], [0.25, 0.75]])

    assert predictions.kind == "probabilities"
    assert predictions.predicted.tolist() == [0, 1]
    assert predictions.confidence.tolist() == pytest.approx([0.9, 0.75])


def test_logits_are_recognised_and_softmaxed():
    predictions = Predictions([1], [[2.0, -np.inf, 2.0]])

    assert predictions.kind == "logits"
    assert predictions.probabilities[0].tolist() == [0.5, 0.0, 0.5]


def test_half_precision_probabilities_are_not_taken_for_logits(rng):
    scores = rng.dirichlet(np.ones(1000), size=5).astype(np.float16)

    assert Predictions(range(5), scores).kind == "probabilities"


def test_a_diverged_row_has_no_prediction():
    predictions = Predictions([1, 2], [[np.nan, np.nan], [0.5, 0.5]])

    assert predictions.predicted.tolist() == [-1, 0]
    assert np.isnan(predictions.confidence[0])


def test_class_numbers_and_names_are_read():
    by_number = Predictions([1, 2], [1, 0], class_names=("cat", "dog"))
    by_name = Predictions([1, 2], ["dog", "cat"], class_names=("cat", "dog"))

    assert by_number.kind == by_name.kind == "classes"
    assert by_number.predicted.tolist() == by_name.predicted.tolist() == [1, 0]
    assert by_name.probabilities.tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ([[0.1, 0.2, 0.7]], ShapeError, "3 columns for 2 class names"),
        ([5], InvalidInputError, "class 5, but there are 2"),
        ([0.5], InvalidInputError, "whole class numbers"),
        (["bird"], InvalidInputError, "'bird', which is not one of"),
        ([0, 1], ShapeError, "1 ids for 2 predictions"),
    ],
)
def test_predictions_that_do_not_fit_are_named(values, error, message):
    with pytest.raises(error, match=message):
        Predictions([1], values, class_names=("cat", "dog"))


def test_scalars_are_found_by_name_and_step():
    scalars = Scalars({"loss": (np.array([0, 10]), np.array([2.0, np.nan]))})

    assert scalars.at("loss", 0) == 2.0
    assert scalars.at("loss", 5) is None
    assert np.isnan(scalars.at("loss", 10))
    with pytest.raises(NotFoundError, match="Did you mean 'loss'"):
        scalars["los"]


def test_a_scalar_that_may_be_missing_is_asked_as_of_any_mapping():
    scalars = Scalars({"loss": (np.array([0]), np.array([2.0]))})

    assert "loss" in scalars
    assert "accuracy" not in scalars
    assert scalars.get("accuracy") is None
    assert scalars.get("loss") is scalars["loss"]
