import logging

from proxy_oa_assets.model.network import silence


def test_a_silenced_logger_writes_nothing_whatever_its_level():
    """URLs with secrets stay out of every log, even if an application sets the level of all loggers."""
    logger = logging.getLogger("tests.of.a.library")
    silence(logger.name)
    silence(logger.name)
    logger.setLevel(logging.DEBUG)
    assert not logger.filter(logger.makeRecord(logger.name, logging.CRITICAL, "", 0, "secret", (), None))
    assert len(logger.filters) == 1


def test_urllib3_is_silent_where_anything_is_sent():
    """urllib3 logs the URLs of requests and retries."""
    for name in ("urllib3.connectionpool", "urllib3.util.retry", "requests"):
        logger = logging.getLogger(name)
        assert not logger.filter(logger.makeRecord(name, logging.CRITICAL, "", 0, "secret", (), None))
