import logging
import threading

from proxy_oa_assets.network.untold import untold


def test_other_threads_go_on_logging():
    """What urllib3 says of others' requests is written as ever, and of later ones in this thread, too."""
    records = []
    logger = logging.getLogger("urllib3.connectionpool")
    here = threading.get_ident()
    with untold(lambda record: record.thread == here):
        thread = threading.Thread(target=lambda: records.append(logger.filter(_record(logger))))
        thread.start()
        thread.join()
        assert not logger.filter(_record(logger))
    assert records[0]
    assert logger.filter(_record(logger))


def _record(logger):
    return logger.makeRecord(logger.name, logging.WARNING, "", 0, "retrying", (), None)
