# SPDX-License-Identifier: GPL-3.0-or-later
"""Data sets are downloaded from the first mirror that has the right files."""

import contextlib
import functools
import http.server
import socket
import threading

import pytest
from advphy_model.files import image_download, image_files

from .idx_bytes import TINY, tree, write_tiny


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder without writing a log."""

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(folder):
    """Serve a folder on a free port of this machine; give its address."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def closed():
    """Return the address of a port that nobody listens on."""
    with socket.socket() as held:  # bound, so that nobody else gets it
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/"


def test_a_data_set_is_downloaded_with_its_progress(tmp_path, tiny):
    folder = write_tiny(tmp_path / "mirror")
    came = []
    with serving(folder) as address:
        assert image_download.fetch("tiny", [address], came.append) == tiny
    assert tree(tiny) == TINY
    assert sum(came) == sum(map(len, tree(folder).values()))


def test_the_next_mirror_is_asked_after_garbage(tmp_path, tiny):
    wrong = write_tiny(tmp_path / "wrong", contents=dict.fromkeys(TINY, b"x"))
    torn = write_tiny(tmp_path / "torn")
    for path in torn.iterdir():
        path.write_bytes(path.read_bytes()[:-4])
    page = tmp_path / "page"
    page.mkdir()
    for file in TINY:
        (page / f"{file}.gz").write_text("<html>moved</html>")
    with contextlib.ExitStack() as stack:
        mirrors = [stack.enter_context(serving(f)) for f in (wrong, torn, page)]
        mirrors.append(stack.enter_context(serving(write_tiny(tmp_path / "good"))))
        image_download.fetch("tiny", mirrors)
    assert tree(tiny) == TINY


def test_mirrors_complete_each_other(tmp_path, tiny, closed):
    parts = [dict(list(TINY.items())[:2]), dict(list(TINY.items())[2:])]
    with contextlib.ExitStack() as stack:
        mirrors = [
            stack.enter_context(serving(write_tiny(tmp_path / str(i), contents=part)))
            for i, part in enumerate(parts)
        ]
        image_download.fetch("tiny", [closed, *mirrors])
    assert tree(tiny) == TINY


def test_without_a_mirror_the_other_way_is_named(tmp_path, tiny, closed):
    partly = write_tiny(tmp_path / "partly")
    (partly / "t10k-labels-idx1-ubyte.gz").unlink()
    with serving(partly) as address, pytest.raises(ValueError) as caught:  # noqa: PT011
        image_download.fetch("tiny", [closed, address])
    said = str(caught.value)
    assert "Connection refused" in said
    assert "File not found" in said
    assert "run: advphy data tiny --from DIR" in said
    assert not tiny.parent.exists()


def test_a_mirror_that_never_answers_is_left(tiny, monkeypatch):
    monkeypatch.setattr(image_download, "TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(ValueError, match="timed out"):
            image_download.fetch("tiny", [address])


def test_a_download_without_end_is_cut(tmp_path, tiny, monkeypatch):
    monkeypatch.setattr(image_files, "LARGEST", 20)
    with (
        serving(write_tiny(tmp_path / "mirror")) as address,
        pytest.raises(ValueError, match="more than 20 bytes for train-images"),
    ):
        image_download.fetch("tiny", [address])


@pytest.mark.parametrize("name", image_files.DATA_SETS)
def test_every_data_set_has_mirrors_to_fall_back_on(name):
    mirrors = image_files.DATA_SETS[name].mirrors
    assert len(set(mirrors)) > 1
    assert all(mirror.startswith("http") and mirror[-1] == "/" for mirror in mirrors)
