# SPDX-License-Identifier: GPL-3.0-or-later
"""Make keys for a Publisher that other hosts may reach, and for its subscribers.

Writes ZMQ's own CURVE keys into a new FOLDER of mode 0700: give the folder to the
Publisher block (Folder of keys). Bring subscriber.key_secret and publisher.key to the
other hosts by a way that nobody else sees, and give `advphy watch --keys` that folder.
"""


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument("folder", metavar="FOLDER")


def run(arguments):
    """Write the keys; refuse a folder that is there."""
    from gnuradio.advphy.measure.publishing_socket import make_keys

    files = [str(path) for path in make_keys(arguments.folder)]
    for file in files:
        arguments.output.line(file)
    arguments.output.note(folder=arguments.folder, files=files)
