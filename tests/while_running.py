# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for what happens, act at certain items of a block: not at certain times."""

import time


def until(condition):
    """Wait until something is so; the limit is that of the whole test."""
    while not condition():
        time.sleep(0.001)


def before_calls(block, act):
    """Have act(index of the next item) called before each call of a block's work()."""
    work, outputs = block.work, block.output_signature().max_streams()

    def acting(input_items, output_items):
        act(block.nitems_written(0) if outputs else block.nitems_read(0))
        return work(input_items, output_items)

    block.work = acting


def at_items(block, steps):
    """Have steps called when a block has come to certain items."""
    waiting = dict(steps)

    def act(index):
        for at in [at for at in waiting if at <= index]:
            waiting.pop(at)()

    before_calls(block, act)
