"""What users read of the operating system's errors."""

import errno
import os

import pytest

from proxy_oa_assets.model.errors import DiskError, disk_errors


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.ENOSPC, "free space there"),
        (errno.EIO, "check the disk"),
        (errno.EINTR, "do it again"),
        (errno.EACCES, "check the path and its permissions"),
    ],
)
def test_a_refused_call_names_its_path_and_what_to_do(code, remedy):
    """Of the error's own path, or of the place that stands for one."""
    with pytest.raises(DiskError, match=f"^/a/file: {os.strerror(code)}; {remedy}"), disk_errors("elsewhere"):
        raise OSError(code, os.strerror(code), "/a/file")
    with pytest.raises(DiskError, match=f"^/a/folder: .*{remedy}"), disk_errors("/a/folder"):
        raise OSError(code, os.strerror(code))
