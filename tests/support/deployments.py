"""The deployments on which a test runs, as a fixture's parameters."""

import pytest

DEPLOYMENTS = ["embedded", pytest.param("cluster", marks=pytest.mark.cluster)]
# The same for tests whose cluster form CI leaves out, because other tests cover it.
WITH_A_SLOW_CLUSTER = ["embedded", pytest.param("cluster", marks=[pytest.mark.cluster, pytest.mark.slow])]
