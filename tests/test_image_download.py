# SPDX-License-Identifier: GPL-3.0-or-later
"""Data sets are downloaded from the first mirror that has the right files."""

import contextlib
import functools
import http.server
import io
import socket
import threading

import pytest
import tqdm
from advphy_model import file_gate
from advphy_model.files import image_files

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


def test_a_data_set_is_downloaded_and_each_file_has_a_bar(tmp_path, tiny):
    bars = {}

    def bar(url):
        bars[url] = tqdm.tqdm(total=1, file=io.StringIO())
        return bars[url]

    folder = write_tiny(tmp_path / "mirror")
    with serving(folder) as address:
        assert image_files.fetch("tiny", [address], bar) == tiny
        assert bars.keys() == {f"{address}{file}.gz" for file in TINY}
    assert tree(tiny) == TINY
    for url, shown in bars.items():
        size = (folder / url.rpartition("/")[2]).stat().st_size
        assert shown.total == shown.n == size
    assert image_files.is_adopted("tiny")


def test_the_next_mirror_is_asked_after_garbage(tmp_path, tiny, monkeypatch):
    fewer = file_gate.LIMITS["unpacked"]._replace(most=100)
    monkeypatch.setitem(file_gate.LIMITS, "unpacked", fewer)
    wrong = write_tiny(tmp_path / "wrong", contents=dict.fromkeys(TINY, b"x"))
    swollen = write_tiny(tmp_path / "swollen", contents=dict.fromkeys(TINY, bytes(101)))
    torn, page = write_tiny(tmp_path / "torn"), write_tiny(tmp_path / "page")
    for path in torn.iterdir():
        path.write_bytes(path.read_bytes()[:-4])
    for path in page.iterdir():
        path.write_text("<html>moved</html>")
    with contextlib.ExitStack() as stack:
        mirrors = [
            stack.enter_context(serving(f)) for f in (wrong, swollen, torn, page)
        ]
        with pytest.raises(ValueError, match=r"not match.*most 100.*damaged.*match"):
            image_files.fetch("tiny", mirrors)
        assert not tiny.parent.exists()
        mirrors.append(stack.enter_context(serving(write_tiny(tmp_path / "good"))))
        image_files.fetch("tiny", mirrors)
    assert tree(tiny) == TINY


def test_mirrors_complete_each_other(tmp_path, tiny, closed):
    parts = [dict(list(TINY.items())[:2]), TINY]
    first, second = (
        write_tiny(tmp_path / str(i), contents=part) for i, part in enumerate(parts)
    )
    for file in parts[0]:
        (second / f"{file}.gz").write_bytes(b"the first one had the right file")
    with serving(first) as one, serving(second) as other:
        image_files.fetch("tiny", [closed, one, other])
    assert tree(tiny) == TINY


def test_without_a_mirror_the_other_way_is_named(tmp_path, tiny, closed):
    partly = write_tiny(tmp_path / "partly")
    (partly / "t10k-labels-idx1-ubyte.gz").unlink()
    with serving(partly) as address, pytest.raises(ValueError) as caught:  # noqa: PT011
        image_files.fetch("tiny", [closed, address])
    said = str(caught.value)
    assert f"{closed.split('/')[2]}: Connection refused; " in said
    assert "File not found" in said
    assert "run: advphy data tiny --from DIR" in said
    assert not tiny.parent.exists()


def test_a_mirror_that_never_answers_is_left(tiny, monkeypatch):
    monkeypatch.setattr(image_files, "TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(ValueError, match="timed out"):
            image_files.fetch("tiny", [address])


@pytest.mark.parametrize("name", image_files.DATA_SETS)
def test_every_data_set_has_mirrors_to_fall_back_on(name):
    mirrors = image_files.DATA_SETS[name].mirrors
    assert len(set(mirrors)) > 1
    assert all(mirror.startswith("http") and mirror[-1] == "/" for mirror in mirrors)
