"""The deployments on which a test runs, as a fixture's parameters."""

import pytest

DEPLOYMENTS = ["embedded", pytest.param("cluster", marks=pytest.mark.cluster)]
# The same for tests whose cluster form CI leaves out, because other tests cover it.
WITH_A_SLOW_CLUSTER = ["embedded", pytest.param("cluster", marks=[pytest.mark.cluster, pytest.mark.slow])]

# The settings without which a cluster can't be configured.
CLUSTER = {"PROXY_OA_DEPLOYMENT": "cluster", "HDFS_URL": "http://namenode:9870", "IMPALA_HOST": "impalad"}
