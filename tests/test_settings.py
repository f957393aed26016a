import datetime as dt
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.deployments import CLUSTER

from proxy_oa_assets.model.errors import DayError, SettingsError
from proxy_oa_assets.model.files import bundled
from proxy_oa_assets.settings import load_settings

VARIABLES = (
    "PROXY_OA_DEPLOYMENT PROXY_OA_HOME PROXY_OA_CONF PROXY_OA_HUSER PROXY_OA_DBNAME PROXY_OA_START_DATE "
    "PROXY_OA_TIMEZONE PROXY_OA_NETWORK_CONTEXT PROXY_OA_REPUTATION PROXY_OA_REPUTATION_COVERAGE "
    "PROXY_OA_DAYS_PER_RUN PROXY_OA_EXECUTOR PROXY_OA_FAILURE_WEBHOOK PROXY_OA_UI_URL DAGSTER_HOME"
).split()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return an empty working folder, in an environment without any of our variables."""
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_nothing_set_gives_the_contract_s_defaults(folder):
    """Without a variable, every setting has the default that the contract's table names."""
    settings = load_settings()
    assert settings.deployment == "embedded"
    assert (settings.reputation_coverage, settings.days_per_run, settings.executor) == (0.9, 1, "in_process")
    assert settings.home == folder / "proxy_oa_home"
    assert settings.conf == bundled("proxy_conf.json")
    assert (settings.huser, settings.dbname) == ("/user/spot", "spot")
    assert settings.start_date == dt.date(2015, 1, 1)
    assert settings.timezone == "UTC"
    assert settings.network_context is None
    assert settings.reputation is None


def test_an_empty_variable_counts_as_none(folder):
    """`NAME=` in a .env file means the default, not the empty string."""
    assert load_settings(**dict.fromkeys(VARIABLES, "")) == load_settings()
    assert folder == Path.cwd()


def test_each_variable_sets_its_setting(folder):
    """Each variable of the table arrives in its field; paths are absolute, HUSER has no final slash."""
    for name in ("conf.json", "context.csv", "reputation.toml"):
        (folder / name).touch()
    settings = load_settings(
        PROXY_OA_HOME="home of mine",
        PROXY_OA_CONF="conf.json",
        PROXY_OA_HUSER="/data/oa/",
        PROXY_OA_DBNAME="Spot_2",
        PROXY_OA_START_DATE="2016-02-29",
        PROXY_OA_TIMEZONE="Europe/Madrid",
        PROXY_OA_NETWORK_CONTEXT="context.csv",
        PROXY_OA_REPUTATION="reputation.toml",
        PROXY_OA_RANKING_VOICES="topics, fisher",
        PROXY_OA_SIGMA_RULES=".",
    )
    assert settings.home == folder / "home of mine"
    assert (settings.conf, settings.huser, settings.dbname) == (folder / "conf.json", "/data/oa", "Spot_2")
    assert (settings.start_date, settings.timezone) == (dt.date(2016, 2, 29), "Europe/Madrid")
    assert settings.network_context == folder / "context.csv"
    assert settings.reputation == folder / "reputation.toml"
    assert (settings.ranking_voices, settings.sigma_rules) == (("topics", "fisher"), folder)


def test_a_conf_in_the_working_folder_is_taken_without_a_variable(folder):
    """PROXY_OA_CONF defaults to proxy_conf.json where the command runs, before the shipped one."""
    (folder / "proxy_conf.json").touch()
    assert load_settings().conf == folder / "proxy_conf.json"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PROXY_OA_DEPLOYMENT", "Embedded!"),
        ("PROXY_OA_CONF", "missing.json"),
        ("PROXY_OA_HUSER", "user/spot"),
        ("PROXY_OA_HUSER", "/user/../../etc"),
        ("PROXY_OA_DBNAME", "spot; DROP TABLE proxy"),
        ("PROXY_OA_DBNAME", "1spot"),
        ("PROXY_OA_DBNAME", "sp\u00f6t"),
        ("PROXY_OA_DBNAME", "spot\n"),
        ("PROXY_OA_START_DATE", "2016-9-1"),
        ("PROXY_OA_START_DATE", "2015-02-29"),
        ("PROXY_OA_TIMEZONE", "Mars/Olympus"),
        ("PROXY_OA_TIMEZONE", "../../etc/passwd"),
        ("PROXY_OA_TIMEZONE", "Europe"),
        ("PROXY_OA_NETWORK_CONTEXT", "missing.csv"),
        ("PROXY_OA_REPUTATION", "missing.toml"),
        ("PROXY_OA_REPUTATION_COVERAGE", "90%"),
        ("PROXY_OA_REPUTATION_COVERAGE", "1.5"),
        ("PROXY_OA_REPUTATION_COVERAGE", "nan"),
        ("PROXY_OA_RANKING_VOICES", "fisher,bayes"),
        ("PROXY_OA_RANKING_VOICES", "sigma"),
        ("PROXY_OA_RANKING_VOICES", ","),
        ("PROXY_OA_SIGMA_RULES", "missing"),
        ("PROXY_OA_SIGMA_RULES", "~no-such-user/rules"),
        ("PROXY_OA_DAYS_PER_RUN", "0"),
        ("PROXY_OA_DAYS_PER_RUN", "ten"),
        ("PROXY_OA_DAYS_PER_RUN", "1_0"),
        ("PROXY_OA_DAYS_PER_RUN", " 5 "),
        ("PROXY_OA_DAYS_PER_RUN", "1.0"),
        ("PROXY_OA_DAYS_PER_RUN", "10000"),
        ("PROXY_OA_EXECUTOR", "kubernetes"),
        ("PROXY_OA_CONF", "~no-such-user/proxy_conf.json"),
        ("PROXY_OA_NETWORK_CONTEXT", "~no-such-user/context.csv"),
        ("PROXY_OA_UI_URL", "localhost:3000"),
        ("PROXY_OA_UI_URL", "javascript://oa.example/%0aalert(1)"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(folder, variable, value):
    """The message names the variable; nothing falls back to a default silently."""
    with pytest.raises(SettingsError, match=variable):
        load_settings(**{"PROXY_OA_HOME": str(folder), variable: value})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HDFS_AUTH", "basic"),
        ("HDFS_CA_CERT", "missing.pem"),
        ("HDFS_TIMEOUT", "86401"),
        ("IMPALA_AUTH_MECHANISM", "ldap"),
        ("IMPALA_HOST", ""),
        ("IMPALA_PORT", "65536"),
        ("IMPALA_PORT", "21_050"),
        ("IMPALA_USE_SSL", "sometimes"),
        ("PROXY_OA_SQL_ENGINE", "presto"),
    ],
)
def test_a_cluster_s_value_that_cannot_be_used_is_refused_by_name(folder, variable, value):
    """The cluster's variables are checked before anything connects."""
    with pytest.raises(SettingsError, match=variable):
        load_settings(folder, **{**CLUSTER, variable: value})


def test_every_problem_is_reported_at_once(folder):
    """A site fixes all of its variables after one attempt; the message names each with its value."""
    with pytest.raises(SettingsError, match=r"PROXY_OA_DBNAME='1spot'.*PROXY_OA_DAYS_PER_RUN='ten'"):
        load_settings(folder, PROXY_OA_DBNAME="1spot", PROXY_OA_DAYS_PER_RUN="ten")
    token = {"HDFS_AUTH": "token", "IMPALA_CA_CERT": "unverified"}
    with pytest.raises(SettingsError, match=r"HDFS_TOKEN.*IMPALA_USE_SSL=true"):
        load_settings(folder, **CLUSTER, **token)


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("YES", True), ("1", True), ("False", False), ("no", False), ("0", False)],
)
def test_a_flag_is_a_word_or_a_digit_in_any_case(folder, text, value):
    """Flags are true or false, yes or no, 1 or 0."""
    assert load_settings(folder, **CLUSTER, IMPALA_USE_SSL=text).cluster.use_ssl is value


@pytest.mark.parametrize(
    "name", ["home", "huser", "chosen_dagster_home", "cluster", "reputation_may_run_programs"]
)
@pytest.mark.parametrize("value", ["/true", "true", '{"HDFS_URL": "http://a", "IMPALA_HOST": "a"}'])
def test_only_the_table_s_variables_are_settings(folder, monkeypatch, name, value):
    """A field's own name sets nothing, and no variable sets what `load_settings` derives."""
    before = load_settings()
    names = {name, f"PROXY_OA_{name.upper()}"} - set(VARIABLES)
    (folder / ".env").write_text("".join(f"{each}={value}\n" for each in names))
    for each in names:
        monkeypatch.setenv(each, value)
    assert load_settings() == before


@pytest.mark.parametrize("address", ["https://hooks.example:8443/services/T0/B0?key=1", "HTTP://127.0.0.1/x"])
def test_a_webhook_is_a_web_address(address):
    """Any http or https address is taken as it is; neither setting has a default."""
    settings = load_settings(PROXY_OA_FAILURE_WEBHOOK=address, PROXY_OA_UI_URL=address)
    assert (settings.failure_webhook, settings.ui_url) == (address, address)
    assert (load_settings().failure_webhook, load_settings().ui_url) == (None, None)


@pytest.mark.parametrize(
    "address",
    [
        "hooks.example/secret",
        "ftp://hooks.example/secret",
        "https:///secret",
        "https://hooks.example:port/secret",
        "https://hooks.example:99999/secret",
        "https://[::1/secret",
        "https://hooks.example/secret\n",
        "https://hooks.example/a secret",
        "https://h\u00f6oks.example/secret",
    ],
)
def test_a_webhook_is_never_shown(address):
    """Its address is a secret: no error repeats it, and neither does the settings' text."""
    with pytest.raises(SettingsError, match="PROXY_OA_FAILURE_WEBHOOK") as raised:
        load_settings(PROXY_OA_FAILURE_WEBHOOK=address)
    assert "secret" not in str(raised.value)
    assert raised.value.__context__ is None
    assert "secret" not in repr(load_settings(PROXY_OA_FAILURE_WEBHOOK="https://hooks.example/secret"))


def test_dotenv_files_fill_gaps_only(folder, monkeypatch):
    """The environment wins over .env of the working folder, and that over .env of the home."""
    home = folder / "home"
    home.mkdir()
    (folder / ".env").write_text(f"PROXY_OA_HOME={home}\nPROXY_OA_DBNAME=working\nPROXY_OA_HUSER=/working\n")
    (home / ".env").write_text("PROXY_OA_DBNAME=home\nPROXY_OA_TIMEZONE=Asia/Tokyo\nPROXY_OA_HUSER=/home\n")
    monkeypatch.setenv("PROXY_OA_HUSER", "/environment")
    settings = load_settings()
    assert settings.home == home
    assert settings.huser == "/environment"
    assert settings.dbname == "working"
    assert settings.timezone == "Asia/Tokyo"


@pytest.mark.parametrize(
    "content",
    [
        'PROXY_OA_HOME="' + "x" * 300 + '\nHDFS_TOKEN=secret"',
        'PROXY_OA_HOME="home\nTHE_KEY = secret"',
        "PROXY_OA_LOG_FORMAT='auto\nexport THE_KEY=secret'",
        "PROXY_OA_HUSER=/user/spotIMPALA_PASSWORD=secret",
        "PROXY_OA_START_DATE=2016-09-12THE_KEY=secret",
        'PROXY_OA_LOGS="%Q;\nTHE_KEY: secret"',
    ],
)
def test_a_value_that_runs_on_into_the_next_variable_is_refused_and_not_shown(folder, content):
    """A quote isn't closed, or a line was added to a last one without line feed; the next can be a secret."""
    (folder / ".env").write_text(content)
    with pytest.raises(
        SettingsError, match=r"^PROXY_OA_\w+: its value isn't shown.*close its quote"
    ) as raised:
        load_settings()
    assert "secret" not in str(raised.value)
    assert raised.value.__context__ is None


def test_a_value_of_several_lines_without_a_variable_is_taken(folder):
    """Patterns of logs may stand in lines of their own, and a path's folder may be named by a key."""
    settings = load_settings(folder, PROXY_OA_LOGS="/squid/access.log*\n/zeek/day=%Y-%m-%d/http.log")
    assert settings.logs == ("/squid/access.log*", "/zeek/day=%Y-%m-%d/http.log")


@pytest.mark.parametrize("name", [".env", "proxy_oa_home/.env"])
def test_a_dotenv_file_that_is_no_text_is_named(folder, name):
    """A file in another character set is an error with its path, like every other unusable setting."""
    (folder / "proxy_oa_home").mkdir()
    (folder / name).write_bytes(b"PROXY_OA_UI_URL=http://caf\xe9.example\n")
    with pytest.raises(SettingsError, match=re.escape(str(folder / name))):
        load_settings()


def test_a_home_s_own_file_cannot_move_the_home(folder):
    """The home is chosen before its `.env` is read."""
    (folder / "home").mkdir()
    (folder / "home" / ".env").write_text("PROXY_OA_HOME=elsewhere\nPROXY_OA_DBNAME=ours\n")
    settings = load_settings("home")
    assert (settings.home, settings.dbname) == (folder / "home", "ours")


def test_dagster_home_is_in_the_home_unless_it_is_set(folder, monkeypatch):
    """Dagster's history lies in the home, so that it lasts, unless DAGSTER_HOME names a folder."""
    settings = load_settings()
    assert settings.dagster_home == folder / "proxy_oa_home" / "dagster"
    monkeypatch.setenv("DAGSTER_HOME", str(folder / "elsewhere"))
    assert load_settings().dagster_home == folder / "elsewhere"
    # As Dagster's own commands read it.
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("DAGSTER_HOME", "~/history")
    assert load_settings().dagster_home == folder / "history"


def test_a_day_before_the_first_partition_is_refused_with_the_setting(folder):
    """A command given an earlier date says so and names PROXY_OA_START_DATE."""
    settings = load_settings(PROXY_OA_START_DATE="2016-09-12", PROXY_OA_HOME=str(folder))
    assert settings.day("2016-09-12").key == "2016-09-12"
    with pytest.raises(DayError, match="PROXY_OA_START_DATE=2016-09-11"):
        settings.day("2016-09-11")


@pytest.mark.parametrize("timezone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_day_that_is_not_over_is_refused_in_the_site_s_time_zone(folder, timezone):
    """A day is a partition once it has ended where the site is; the message names PROXY_OA_TIMEZONE."""
    settings = load_settings(PROXY_OA_TIMEZONE=timezone, PROXY_OA_HOME=str(folder))
    today = dt.datetime.now(ZoneInfo(timezone)).date()
    yesterday = (today - dt.timedelta(days=1)).isoformat()
    assert settings.day(yesterday).key == yesterday
    for offset in (1, 400):
        with pytest.raises(DayError, match="PROXY_OA_TIMEZONE"):
            settings.day((today + dt.timedelta(days=offset)).isoformat())


def test_patterns_of_logs_are_joined_by_semicolons(folder):
    """A `:` can stand in a path; a relative pattern and a TOML file are of the working folder."""
    (folder / "ours.toml").touch()
    settings = load_settings(
        PROXY_OA_LOGS="/zeek/%Y-%m-%d/http.%H:00*.gz; logs/access.log*;", PROXY_OA_LOG_FORMAT="ours.toml"
    )
    assert settings.logs == ("/zeek/%Y-%m-%d/http.%H:00*.gz", f"{folder}/logs/access.log*")
    assert settings.log_format == f"{folder}/ours.toml"
    assert load_settings().logs == ()
    assert load_settings().log_format == "auto"


@pytest.mark.parametrize("pattern", ["/logs/%Q.log", "/logs/100%", "/logs/%-d.log"])
def test_a_percent_sign_that_is_no_date_code_is_refused(folder, pattern):
    """Strftime would leave it as it is, and no file would be found."""
    with pytest.raises(SettingsError, match=r"PROXY_OA_LOGS=.*no date code; .* or %% for a percent sign"):
        load_settings(folder, PROXY_OA_LOGS=pattern)
