# SPDX-License-Identifier: GPL-3.0-or-later
"""Make keys for a Publisher that other hosts can reach, and for its subscribers.

Writes CURVE keys of ZeroMQ into a new FOLDER of mode 0700. Give the folder to the
Publisher block (parameter "Folder of keys"). Copy subscriber.key_secret and
publisher.key to the other hosts over a secure channel, into a folder that is given to
`advphy watch --keys`.
"""

from dataclasses import dataclass

from advphy_commands._options import operand


@dataclass(frozen=True)
class Settings:
    folder: str = operand("FOLDER", "new folder for the keys")


def run(settings, output):
    from gnuradio.advphy.measure.publishing_socket import make_keys

    files = [str(path) for path in make_keys(settings.folder)]
    for file in files:
        output.line(file)
    output.note(folder=settings.folder, files=files)
