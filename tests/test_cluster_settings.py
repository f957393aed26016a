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


JWT = {**CLUSTER, "IMPALA_AUTH_MECHANISM": "JWT", "IMPALA_JWT": "aaa.bbb-_.ccc", "IMPALA_USE_SSL": "true"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"IMPALA_HTTP_PATH": ""}, "JWT works over HTTP alone; set IMPALA_HTTP_PATH"),
        ({"IMPALA_JWT": ""}, "IMPALA_JWT is missing"),
        ({"IMPALA_AUTH_MECHANISM": "LDAP"}, "IMPALA_JWT has no effect with IMPALA_AUTH_MECHANISM=LDAP"),
        ({"IMPALA_USE_SSL": "false"}, "would send IMPALA_JWT unencrypted.*PROXY_OA_ALLOW_PLAINTEXT_SECRETS"),
        ({"IMPALA_JWT": "Bearer aaa.bbb-_.ccc"}, "IMPALA_JWT: write the token alone"),
        ({"IMPALA_HTTP_PATH": "hive?key=1"}, "IMPALA_HTTP_PATH='hive.key=1': write the path alone"),
    ],
)
def test_a_token_that_would_not_be_used_as_meant_is_refused(tmp_path, changed, message):
    """The message names the settings that don't fit, without the token."""
    with pytest.raises(SettingsError, match=message) as raised:
        load_settings(tmp_path, **{**JWT, "IMPALA_HTTP_PATH": "cliservice", **changed})
    assert "aaa.bbb" not in str(raised.value)


def test_a_token_is_used_over_http(tmp_path):
    """A path may begin with a slash, and `/` is the root; no text of the settings has the token."""
    for written, path in (("/gateway/hive", "gateway/hive"), ("/", "")):
        cluster = load_settings(tmp_path, **JWT, IMPALA_HTTP_PATH=written).cluster
        assert cluster.http_path == path
        assert cluster.jwt.get_secret_value() == "aaa.bbb-_.ccc"
        assert "aaa.bbb" not in repr(cluster)


def test_kerberos_names_the_service_by_the_protocol(tmp_path):
    """Over HTTP a principal is HTTP's; a setting comes before both."""
    over_http = {**CLUSTER, "IMPALA_HTTP_PATH": "cliservice"}
    for variables, name in ((CLUSTER, "impala"), (over_http, "HTTP")):
        assert load_settings(tmp_path, **variables).cluster.kerberos_service_name == name
        chosen = load_settings(tmp_path, **variables, IMPALA_KERBEROS_SERVICE_NAME="hive").cluster
        assert chosen.kerberos_service_name == "hive"


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
