import pytest
from support.distribution import installed

from proxy_oa_assets.enrichment.reputation.registry import ENTRY_POINTS, service_class, service_names
from proxy_oa_assets.enrichment.reputation.services.blocklist import Blocklist
from proxy_oa_assets.model.errors import ReputationConfigError

CODE = """\
from proxy_oa_assets.enrichment.reputation.services.blocklist import Blocklist

class Mine(Blocklist):
    pass

class NoService:
    pass
"""


@pytest.fixture
def registered(tmp_path):
    """Return a function that installs a package that registers services."""

    def made(code=CODE, **points):
        return installed(tmp_path / "site-packages", "others_services", code, {ENTRY_POINTS: points})

    return made


def test_a_registered_class_is_a_service(registered):
    """Only while it is installed."""
    with registered(mine="others_services:Mine"):
        assert "mine" in service_names()
        assert issubclass(service_class("mine"), Blocklist)
    assert "mine" not in service_names()
    with pytest.raises(ReputationConfigError, match="'mine' is no service; there are blocklist, "):
        service_class("mine")


def test_another_package_cannot_replace_our_service(registered):
    """Our name stays ours, so that no other package gets its key."""
    with registered(blocklist="others_services:Mine"):
        assert service_class("blocklist") is Blocklist
        assert service_names().count("blocklist") == 1


@pytest.mark.parametrize(
    ("where", "named"),
    [
        ("others_services:NoService", "registered as 'mine' is no subclass of RemoteService"),
        ("others_services:Missing", "others_services:Missing, registered as 'mine', can't be loaded"),
        ("others_fault:Mine", "others_fault:Mine, registered as 'mine', can't be loaded: division by zero"),
        ("no_module_of_that_name:Mine", "no_module_of_that_name:Mine, registered as 'mine', can't be loaded"),
    ],
)
def test_an_unusable_registration_is_named(registered, tmp_path, where, named):
    """The error names the package's entry point."""
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "site-packages" / "others_fault.py").write_text("1 / 0\n")
    with registered(mine=where), pytest.raises(ReputationConfigError, match=named):
        service_class("mine")
