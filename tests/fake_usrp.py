# SPDX-License-Identifier: GPL-3.0-or-later
"""A fake of gr-uhd's sink, and what tests of bursts for it share."""

import time
import types

import numpy as np
import pmt
from gnuradio import advphy, blocks, gr
from gnuradio.advphy.air import radio

RATE = 1e6
LINK = "autoencoder_mlp"


def at(seconds):
    """Return a tx_time."""
    whole = int(seconds)
    rest = pmt.from_double(seconds - whole)
    return pmt.make_tuple(pmt.from_uint64(whole), rest)


class usrp(gr.sync_block):
    """A fake of gr-uhd's sink that keeps samples and tags; its clock began at 1000 s.

    The signatures are those of gr-uhd, which a test compares.
    """

    def __init__(self, address, stream_args, tsb_tag_name=""):
        self.channels = stream_args.channels
        gr.sync_block.__init__(self, "usrp", [np.complex64] * len(self.channels), [])
        self.message_port_register_out(pmt.intern("async_msgs"))
        self.gains = [0.0] * len(self.channels)
        self.frequencies = [0.0] * len(self.channels)
        self.heard, self.tags = [[] for _ in self.channels], []
        self.arrived = []  # (item, time on the device's clock) of each call
        self._since = time.monotonic()

    def get_time_now(self, mboard=0):
        now = 1000 + time.monotonic() - self._since
        return types.SimpleNamespace(get_real_secs=lambda: now)

    def work(self, input_items, output_items):
        now = self.get_time_now().get_real_secs()
        size, read = len(input_items[0]), self.nitems_read(0)
        self.arrived.append((read, now))
        for heard, samples in zip(self.heard, input_items, strict=True):
            heard.append(samples.copy())
        for tag in self.get_tags_in_window(0, 0, size):
            self.tags.append((tag.offset, str(tag.key), pmt.to_python(tag.value)))
        return size

    def samples(self, channel=0):
        return np.concatenate(self.heard[channel])

    def when(self, item):
        """Return the device's time when an item came."""
        return max((begin, now) for begin, now in self.arrived if begin <= item)[1]

    def report(self, code, seconds=None):
        """Publish an event as gr-uhd does."""
        codes = pmt.list1(pmt.intern(code))
        value = pmt.dict_add(pmt.make_dict(), pmt.intern("event_code"), codes)
        if seconds is not None:
            pair = pmt.cons(pmt.from_long(int(seconds)), pmt.from_double(seconds % 1))
            value = pmt.dict_add(value, pmt.intern("time_spec"), pair)
        message = pmt.cons(pmt.intern("uhd_async_msg"), value)
        self.message_port_pub(pmt.intern("async_msgs"), message)

    def set_samp_rate(self, rate):
        self.rate = rate

    def get_samp_rate(self):
        return self.rate

    def get_samp_rates(self):
        return []

    def set_center_freq(self, frequency, chan=0):
        self.frequencies[chan] = frequency

    def get_center_freq(self, chan=0):
        return self.frequencies[chan]

    def get_freq_range(self, chan=0):
        return []

    def get_gain_names(self, chan=0):
        return ["PGA"]

    def set_gain(self, gain, *name_and_chan):
        self.gains[name_and_chan[-1]] = gain

    def get_gain(self, *name_and_chan):
        return self.gains[name_and_chan[-1]]

    def get_gain_range(self, *name_and_chan):
        return []

    def get_antenna(self, chan=0):
        return "TX/RX"


def installed(monkeypatch, tmp_path):
    """Have a fake gr-uhd and an allow-list during a test; yield what is opened."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "gr-advphy").mkdir()
    band = "[box]\nfirst_hz=400e6\nlast_hz=500e6\nmax_gain_db=40\n"
    (tmp_path / "gr-advphy/transmit.ini").write_text(band)
    opened = []

    def usrp_sink(*given):
        opened.append(usrp(*given))
        return opened[-1]

    package = types.SimpleNamespace(
        usrp_sink=usrp_sink, stream_args=types.SimpleNamespace
    )
    fake = types.SimpleNamespace(import_module=lambda name: package)
    monkeypatch.setattr(radio, "importlib", fake)
    monkeypatch.setattr(radio, "_open", set())
    yield opened
    opened.clear()  # pytest keeps the list until the module has ended


def sink(**settings):
    at = {"frequency": 433e6, "sample_rate": RATE, "gain": 10, "armed": True}
    return advphy.sdr_sink("uhd", **at | settings)


def tagged(samples, *tags):
    """Return a source of samples with tags (item, key, value)."""
    found = []
    for item, key, value in tags:
        tag = gr.tag_t()
        tag.offset, tag.key = item, pmt.intern(key)
        tag.value = value if isinstance(value, pmt.pmt_base) else pmt.to_pmt(value)
        found.append(tag)
    return blocks.vector_source_c(np.asarray(samples).tolist(), False, 1, found)


def ran(source, *chain):
    flowgraph = advphy.top_block()
    flowgraph.connect(source, *chain)
    flowgraph.run()


def in_bursts(samples, *begins, size=1000):
    """Return a source of bursts at (item, seconds or None)."""
    tags = []
    for item, seconds in begins:
        tags += [(item, "tx_sob", True), (item + size - 1, "tx_eob", True)]
        if seconds is not None:
            tags.append((item, "tx_time", at(seconds)))
    return tagged(samples, *tags)


# What arrives at gr-uhd
