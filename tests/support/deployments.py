"""The deployments on which a test runs, as a fixture's parameters."""

import pytest

DEPLOYMENTS = ["embedded", pytest.param("cluster", marks=pytest.mark.cluster)]
# The same, where CI has enough of the cluster in other tests.
WITH_A_SLOW_CLUSTER = ["embedded", pytest.param("cluster", marks=[pytest.mark.cluster, pytest.mark.slow])]
