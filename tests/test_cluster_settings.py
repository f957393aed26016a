import pytest
from support.deployments import CLUSTER

from proxy_oa_assets.model.errors import SettingsError
from proxy_oa_assets.settings import load_settings


@pytest.mark.parametrize(
    "huser", ["/user/o'brien", "/user/a b", "/user/100%", "/user/a?", "/user/\u00e9", "/a\n"]
)
def test_a_folder_that_no_statement_can_name_is_refused_on_a_cluster(tmp_path, huser):
    """Statements say where tables are, and engines spell it their own way; a local folder is free."""
    variables = {"PROXY_OA_HOME": str(tmp_path), "PROXY_OA_HUSER": huser}
    assert load_settings(**variables).huser == huser
    with pytest.raises(SettingsError, match="PROXY_OA_HUSER"):
        load_settings(**{**variables, **CLUSTER})


@pytest.mark.parametrize("huser", ["/user//spot/", "//user/./spot"])
def test_huser_is_spelled_as_hdfs_spells_it(huser):
    """A location that the engine reports must compare equal, or the current version would be removed."""
    assert load_settings(**{"PROXY_OA_HUSER": huser, **CLUSTER}).huser == "/user/spot"
    assert load_settings(**{"PROXY_OA_HUSER": "/", **CLUSTER}).huser == ""


@pytest.mark.parametrize("addresses", ["http://a:9870;http://a:9870", "http://a:9870;", "a:9870"])
def test_name_nodes_are_different_web_addresses(addresses):
    """The package `hdfs` would retry one that is named twice forever."""
    with pytest.raises(SettingsError, match="HDFS_URL"):
        load_settings(**{**CLUSTER, "HDFS_URL": addresses})


def test_certificates_to_trust_are_refused_where_nothing_is_encrypted(tmp_path):
    """A site that names them expects TLS, and would send a password in the clear."""
    (tmp_path / "authority.pem").touch()
    variables = {**CLUSTER, "IMPALA_CA_CERT": str(tmp_path / "authority.pem")}
    with pytest.raises(SettingsError, match=r"IMPALA_CA_CERT.*IMPALA_USE_SSL=true"):
        load_settings(**variables)
    assert (
        load_settings(**{**variables, "IMPALA_USE_SSL": "true"}).cluster.ca_cert == tmp_path / "authority.pem"
    )


@pytest.mark.parametrize("mechanism", ["LDAP", "PLAIN"])
def test_a_password_goes_over_tls_unless_a_setting_says_otherwise(tmp_path, mechanism):
    """Without TLS any host on the way reads it; the message names what to set."""
    variables = {**CLUSTER, "IMPALA_AUTH_MECHANISM": mechanism, "IMPALA_PASSWORD": "secret"}
    with pytest.raises(SettingsError, match="IMPALA_USE_SSL=true") as raised:
        load_settings(tmp_path, **variables)
    assert "PROXY_OA_ALLOW_PLAINTEXT_SECRETS" in str(raised.value)
    assert "=secret" not in str(raised.value)
    for allowed in ({"IMPALA_USE_SSL": "true"}, {"PROXY_OA_ALLOW_PLAINTEXT_SECRETS": "true"}):
        cluster = load_settings(tmp_path, **variables, **allowed).cluster
        assert cluster.password.get_secret_value() == "secret"
        assert "secret'" not in repr(cluster)


def test_a_delegation_token_goes_over_tls_unless_a_setting_says_otherwise(tmp_path):
    """The token stands in each URL, and is as good as the user's password while it lasts."""
    variables = {**CLUSTER, "HDFS_AUTH": "token", "HDFS_TOKEN": "secret"}
    for url in ("http://namenode:9870", "https://one:9871;http://two:9870"):
        with pytest.raises(SettingsError, match="HDFS_URL") as raised:
            load_settings(tmp_path, **{**variables, "HDFS_URL": url})
        assert "PROXY_OA_ALLOW_PLAINTEXT_SECRETS" in str(raised.value)
        assert load_settings(
            tmp_path, **{**variables, "HDFS_URL": url}, PROXY_OA_ALLOW_PLAINTEXT_SECRETS="true"
        )
    assert load_settings(tmp_path, **{**variables, "HDFS_URL": "https://one:9871;https://two:9871"})


def test_an_address_with_a_password_is_refused_and_not_shown(tmp_path):
    """Addresses stand in errors, and in the web UI."""
    with pytest.raises(SettingsError, match="HDFS_URL") as raised:
        load_settings(tmp_path, **{**CLUSTER, "HDFS_URL": "https://spot:pa55word@namenode:9871"})
    assert "pa55word" not in str(raised.value)
