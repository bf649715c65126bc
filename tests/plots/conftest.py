import pytest

pytest.importorskip("matplotlib").use("Agg")
