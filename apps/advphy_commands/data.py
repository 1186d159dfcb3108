# SPDX-License-Identifier: GPL-3.0-or-later
"""Install the images of MNIST or Fashion-MNIST for all commands.

The images are copied from a folder DIR with the four idx files (with or without .gz),
or from Debian's package dataset-fashion-mnist if it is installed, or downloaded from a
public mirror. Their checksums are verified. They are stored in
$ADVPHY_DATA, else $XDG_DATA_HOME/gr-advphy, else ~/.local/share/gr-advphy. The 1000
images of mnist_sample are shipped and need no installation.
"""

from dataclasses import dataclass

from advphy_commands import _progress
from advphy_commands._options import operand, option


@dataclass(frozen=True)
class Settings:
    """Data set and its source."""

    name: str = operand("mnist|fashion-mnist", "data set")
    folder: str = option(
        None, "copy the files from this folder", flag="--from", metavar="DIR"
    )


def run(settings, output):
    """Copy or download a data set unless it is installed already."""
    from advphy_model.files import image_files

    name = settings.name
    there = image_files.is_adopted(name)
    if there:
        place = image_files.place(name)
    elif settings.folder is not None:
        place = image_files.adopt(name, settings.folder)
    else:
        place = _fetch(name)
    where = f"{'already' if there else 'now'} in {place}"
    output.line(f"{name}: {where}, SHA-256 verified")
    output.note(name=name, place=str(place), was_there=there, verified=True)


def _fetch(name):
    """Download a data set and show the progress on a terminal."""
    from advphy_model.files import image_files

    def bar(url):
        # pooch sets the total later; tqdm counts as false while its total is 0
        file = url.rpartition("/")[2]
        return _progress.bar(total=1, desc=file, unit="B", unit_scale=True)

    return image_files.fetch(name, bar=bar)
