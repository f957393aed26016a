import os
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, chdir
from pathlib import Path

import hypothesis
import pytest
from cluster_servers.running import Cluster
from support.accounts import NO_ACCOUNTS
from support.cluster_home import ClusterHome
from support.deployments import DEPLOYMENTS
from support.fuzzing import FuzzCounts
from support.home import Home
from support.side_by_side import ByFile, longest_first
from xdist.remote import Producer
from xdist.scheduler import Scheduling

# No setting of the environment reaches a test. Two variables are the tests' own, and paths from the folder in
# which pytest was started.
for _name in [name for name in os.environ if re.match("(PROXY_OA|HDFS|IMPALA|DAGSTER)_", name)]:
    if _name in ("PROXY_OA_TEST_DATA", "PROXY_OA_PICTURES"):
        os.environ[_name] = str(Path(os.environ[_name]).absolute())
    else:
        del os.environ[_name]

hypothesis.settings.load_profile("proxy_oa")

# Real logs may not be handed on, so a clone elsewhere passes with the generated samples alone; and only root
# can start other accounts' processes, where they may enter the checkout.
_NO_DATA = "no real data"
_EXCUSED = (_NO_DATA, NO_ACCOUNTS)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--nothing-missing",
        action="store_true",
        default=bool(os.environ.get("CI")),
        help="fail tests that lack a program instead of skipping them; the default where CI is set",
    )
    parser.addoption(
        "--write-fuzz", type=Path, metavar="DOCUMENT", help="write the fuzz targets' counts into a document"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(FuzzCounts(config.getoption("--write-fuzz")))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and item.config.getoption("--nothing-missing"):
        *_, reason = report.longrepr if isinstance(report.longrepr, tuple) else (report.longrepr,)
        if not any(excuse in str(reason) for excuse in _EXCUSED):
            report.outcome = "failed"
            report.longrepr = f"{reason}; --nothing-missing fails a skipped test"
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=longest_first)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.fixture(scope="session", autouse=True)
def working_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Work in an empty folder: the checkout's `.env` and home reach no test."""
    folder = tmp_path_factory.mktemp("working_folder")
    with chdir(folder):
        yield folder


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data, PROXY_OA_TEST_DATA or beside the project; skip without it."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("PROXY_OA_TEST_DATA") or beside)
    if not folder.is_dir():
        pytest.skip(f"{_NO_DATA} at {folder}; PROXY_OA_TEST_DATA names its folder")
    return folder


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """An HDFS and a HiveServer2 for the session; skip where they can't run."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as servers:
        yield servers


@pytest.fixture(params=DEPLOYMENTS)
def new_home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Home]]:
    """Return a function that makes a home; the test runs on this machine and on a cluster."""
    yield from _new_home(request, tmp_path)


@pytest.fixture(scope="module", params=DEPLOYMENTS)
def new_module_home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Home]]:
    """Return the same for a home that a module's tests share."""
    yield from _new_home(request, tmp_path_factory.mktemp("module"))


def _new_home(request: pytest.FixtureRequest, folder: Path) -> Iterator[Callable[..., Home]]:
    with ExitStack() as closing:

        def make(**variables: str) -> Home:
            if request.param == "embedded":
                return Home(folder / "home", **variables)
            servers: Cluster = request.getfixturevalue("cluster")
            home = ClusterHome(folder / "home", servers.variables, **variables)
            closing.callback(home.close)
            return home

        yield make
