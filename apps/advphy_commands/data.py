# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the images of MNIST or Fashion-MNIST to where every command finds them.

They come from a public mirror, or from the folder DIR that has the four files (idx,
with or without .gz), and are verified. Their place is $ADVPHY_DATA, else
$XDG_DATA_HOME/gr-advphy, else ~/.local/share/gr-advphy. mnist_sample, 1000 images,
needs none of this.
"""

from dataclasses import dataclass

from advphy_commands import _progress
from advphy_commands._options import operand, option


@dataclass(frozen=True)
class Settings:
    """Which data set, and where it comes from."""

    name: str = operand("mnist|fashion-mnist")
    folder: str = option(None, "adopt the files in DIR", flag="--from", metavar="DIR")


def run(settings, output):
    """Adopt or download a data set, unless it is there."""
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
    """Download with a progress bar, which a terminal alone sees."""
    from advphy_model.files import image_files

    def bar(url):
        # pooch knows the total; a bar of total 0 would be false, and so none
        file = url.rpartition("/")[2]
        return _progress.bar(total=1, desc=file, unit="B", unit_scale=True)

    return image_files.fetch(name, bar=bar)
