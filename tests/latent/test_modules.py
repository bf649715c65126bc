import numpy as np
import pytest

from driftglass.latent import from_torch, interpolate

torch = pytest.importorskip("torch")


def test_a_module_is_called_without_a_trace():
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Dropout(0.9), torch.nn.ReLU())
    module.train()

    decode = from_torch(module, batch_size=2)
    first, second = decode(np.ones((5, 2))), decode(np.ones((5, 2)))

    assert module.training
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, second)
    assert all(parameter.grad is None for parameter in module.parameters())


def test_the_training_mode_comes_back_after_an_error():
    module = torch.nn.Linear(2, 3)
    module.train()

    with pytest.raises(RuntimeError):
        from_torch(module)(np.ones((5, 4)))

    assert module.training


def test_tensors_of_a_decoder_are_taken():
    module = torch.nn.Linear(2, 3)

    path = interpolate(lambda Z: module(torch.as_tensor(Z).float()), [0.0, 0.0], [1.0, 1.0])

    assert path.items.shape == (10, 3)
