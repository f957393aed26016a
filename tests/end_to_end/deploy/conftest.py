import os
import shutil
from collections.abc import Iterator

import pytest
from dotenv import dotenv_values
from support.deployed import HOME, SYSTEMD, Site, answers, awaited, free_port

from proxy_oa_assets.model.files import bundled


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    home = tmp_path_factory.mktemp("deploy") / "home"
    (home / "dagster").mkdir(parents=True, mode=0o700)
    home.chmod(0o700)
    shutil.copy(bundled("deploy/dagster.yaml"), home / "dagster")
    (home / "dagster" / "dagster.yaml").chmod(0o600)
    example = dotenv_values(SYSTEMD / "proxy-oa.env.example")
    return Site(
        home,
        {"PATH": os.environ["PATH"], "HOME": str(home)}
        | {name: (value or "").replace(HOME, str(home)) for name, value in example.items()},
    )


@pytest.fixture(scope="session")
def webserver(site: Site) -> Iterator[int]:
    """The web server's unit at work; its port."""
    port = free_port()
    with site.started("proxy-oa-webserver", port=port) as process:
        awaited(process, "/server_info", lambda: answers(port))
        yield port
