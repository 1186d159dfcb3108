# SPDX-License-Identifier: GPL-3.0-or-later
"""A message port that a hier block hands on from one of its parts."""

import weakref


def hand_on(hier_block, part, port):
    """Publish on a hier block's port what a part publishes on its own of that name.

    GNU Radio then lists the hier block among its own parts, in C++, and so would keep
    it, its sockets, files and threads for ever (hier_block2_detail::msg_connect). That
    circle is opened when the part, a Python block that no flowgraph can do without, is
    gone.

    Args:
        hier_block: gr.hier_block2.
        part: Python block in it.
        port: name of both ports.
    """
    hier_block.message_port_register_hier_out(port)
    hier_block.msg_connect((part, port), (hier_block, port))
    weakref.finalize(
        part, _let_go, hier_block._impl, part.to_basic_block(), port
    ).atexit = False


def _let_go(hier_block, part, port):
    hier_block.primitive_msg_disconnect(part, port, hier_block.to_basic_block(), port)
    hier_block.disconnect_all()
