# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags that mark bursts in a stream of samples, as gr-uhd's sink takes them.

tx_sob is on the first sample of a burst, tx_eob on its last one, and tx_time on the
first one if it shall leave at a time of the device.
"""

import contextlib

import pmt

from ..transmit.burst_modulator import TAGS, TIME


def burst_tags(block, size, port=0):
    """Return sorted [(item, key, value)], PMTs, of the tags in a block's next items."""
    read = block.nitems_read(port)
    tags = sorted(block.get_tags_in_window(port, 0, size), key=lambda tag: tag.offset)
    return [(t.offset - read, t.key, t.value) for t in tags if t.key in TAGS]


def seconds_of(value):
    """Return the seconds of a tx_time; ValueError unless gr-uhd takes it."""
    with contextlib.suppress(Exception):  # pmt raises several
        whole, rest = pmt.tuple_ref(value, 0), pmt.tuple_ref(value, 1)
        return pmt.to_uint64(whole) + pmt.to_double(rest)
    raise ValueError(
        f"tx_time must be a tuple of seconds (uint64) and a fraction (double), got "
        f"{value}; make it with pmt.make_tuple(pmt.from_uint64(2), pmt.from_double(0))"
    )


def is_kept(driver, tags, others):
    """Return whether a driver follows tags of input 0; ValueError if others are there.

    ValueError as well for a time that it cannot keep.
    """
    if others:
        raise ValueError(
            "burst tags are on input 1, but gr-uhd follows only those of input 0, for "
            "both channels; tag that one"
        )
    kept = driver in ("uhd", "zmq", "zmq_pub")  # zmq passes them on
    for _, key, value in tags:
        if key == TIME and seconds_of(value) >= 0 and not kept:
            raise ValueError(
                f"a burst has tx_time, but driver = '{driver}' sends at no given time; "
                "use driver = 'uhd', or omit tx_time"
            )
    return kept
