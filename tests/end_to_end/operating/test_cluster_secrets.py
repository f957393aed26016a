"""A cluster's secrets, which Dagster's servers neither show nor store."""

import json
from pathlib import Path

import pytest
from support.dagster_client import DagsterClient
from support.ui_server import served

pytestmark = pytest.mark.server

SECRETS = {"HDFS_TOKEN": "t0ken-of-the-tests", "IMPALA_PASSWORD": "passw0rd-of-the-tests"}
CLUSTER = {
    "PROXY_OA_DEPLOYMENT": "cluster",
    "HDFS_URL": "https://localhost:9",
    "HDFS_AUTH": "token",
    "IMPALA_HOST": "localhost",
    "IMPALA_AUTH_MECHANISM": "PLAIN",
    "IMPALA_USE_SSL": "true",
}
_REPOSITORIES = """
query { repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"""
_RESOURCES = """
query ($selector: RepositorySelector!) { allTopLevelResourceDetailsOrError(repositorySelector: $selector) {
    ... on PythonError { message } ... on ResourceDetailsList { results {
        name description configuredValues { key value type } configFields { name defaultValueAsJson }
        nestedResources { resource { name configuredValues { key value type } } } } } } }"""


def test_the_web_ui_describes_the_cluster_without_its_secrets(tmp_path: Path) -> None:
    """The API names the systems, offers no field for a run to fix, and has no secret; nor has a file."""
    home = tmp_path / "home"
    with served(home, **CLUSTER, **SECRETS) as address:
        client = DagsterClient(address)
        (repository,) = client.ask(_REPOSITORIES)["repositoriesOrError"]["nodes"]
        selector = {
            "repositoryName": repository["name"],
            "repositoryLocationName": repository["location"]["name"],
        }
        described = client.ask(_RESOURCES, selector=selector)["allTopLevelResourceDetailsOrError"]

    resources = {resource["name"]: resource for resource in described["results"]}
    assert "WebHDFS" in resources["hdfs"]["description"]
    assert "Impala" in resources["impala"]["description"]
    assert [resource["configFields"] for resource in resources.values()] == [[]] * len(resources)
    written = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    for secret in SECRETS.values():
        assert secret not in json.dumps(described)
        assert secret.encode() not in written
