# SPDX-License-Identifier: GPL-3.0-or-later
"""A table in the terminal that changes while it is watched; it needs rich."""

import time

from rich.live import Live
from rich.table import Table as RichTable
from rich.text import Text

from advphy_commands import _measurement_text as words

OLD_SECONDS = 3.0  # without a message: grey


class Table:
    """A row for each block; a context manager."""

    def __init__(self):
        self._last, self._flowgraphs = {}, set()
        self._live = Live(refresh_per_second=4, get_renderable=self._table)

    def __enter__(self):
        self._live.start()
        return self

    def __exit__(self, *_):
        self._live.stop()

    def take(self, message):
        """Keep the newest message of each block."""
        self._flowgraphs.add(message["flowgraph"])
        key = message["flowgraph"], message["kind"], message["block"], message["name"]
        self._last[key] = message, time.monotonic()

    def tick(self):
        """Nothing: the table looks by itself."""

    def _table(self):
        table = RichTable("name", "settings", "measured", expand=True)
        several = len(self._flowgraphs) > 1
        for message, when in list(self._last.values()):
            cells = (
                words.name_of(message, several),
                words.settings_of(message),
                words.figures_of(message),
            )
            old = time.monotonic() - when > OLD_SECONDS
            table.add_row(*map(Text, cells), style="dim" if old else None)
        return table
