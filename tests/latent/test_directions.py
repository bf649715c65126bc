import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from driftglass.errors import InvalidInputError, ShapeError
from driftglass.latent import attribute_direction
from driftglass.latent._directions import _auc


@pytest.fixture
def split():
    rng = np.random.default_rng(0)
    mask = np.arange(300) % 3 == 0
    return rng.normal(size=(300, 5)) + 3.0 * mask[:, None] * np.eye(5)[2], mask


def test_an_attribute_that_is_there_is_found(split):
    direction = attribute_direction(*split, name="bright")

    assert direction.vector.argmax() == 2
    assert direction.vector[2] == pytest.approx(3.0, abs=0.5)
    assert direction.auc > 0.95
    assert direction.agreement > 0.9
    assert direction.n_with + direction.n_without + direction.n_held_out == 300


def test_an_attribute_that_is_not_there_tells_nothing():
    rng = np.random.default_rng(1)
    found = [
        attribute_direction(rng.normal(size=(200, 20)), rng.random(200) < 0.5, random_state=seed)
        for seed in range(20)
    ]

    assert np.mean([direction.auc for direction in found]) == pytest.approx(0.5, abs=0.05)
    assert abs(np.mean([direction.agreement for direction in found])) < 0.15


def test_it_is_judged_on_items_that_it_was_not_made_from():
    """With more coordinates than items, a direction separates its own items in any case."""
    rng = np.random.default_rng(2)
    Z, mask = rng.normal(size=(40, 2000)), np.arange(40) % 2 == 0
    whole = Z[mask].mean(axis=0) - Z[~mask].mean(axis=0)

    direction = attribute_direction(Z, mask)

    assert _auc(Z[mask] @ whole, Z[~mask] @ whole) == 1.0
    assert direction.auc < 0.9


def test_ties_count_for_half_as_everywhere():
    rng = np.random.default_rng(3)
    values, mask = rng.integers(0, 5, 60).astype(float), rng.random(60) < 0.4

    assert _auc(values[mask], values[~mask]) == pytest.approx(roc_auc_score(mask, values))


@pytest.mark.parametrize(
    ("Z", "mask", "arguments", "error"),
    [
        (np.zeros((10, 2)), np.ones(9, bool), {}, ShapeError),
        (np.zeros((10, 2)), np.ones(10), {}, ShapeError),
        (np.zeros((10, 2)), np.arange(10) < 3, {}, InvalidInputError),
        (np.full((10, 2), np.inf), np.arange(10) < 5, {}, InvalidInputError),
        (np.zeros((10, 2)), np.arange(10) < 5, {"held_out": 1.0}, InvalidInputError),
    ],
)
def test_what_gives_no_direction_is_refused(Z, mask, arguments, error):
    with pytest.raises(error):
        attribute_direction(Z, mask, **arguments)


def test_equal_items_give_a_direction_of_zero(split):
    direction = attribute_direction(np.ones((20, 3)), np.arange(20) < 10)

    assert not direction.vector.any()
    assert direction.auc == 0.5
