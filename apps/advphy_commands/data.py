# SPDX-License-Identifier: GPL-3.0-or-later
"""Install the images of MNIST, Fashion-MNIST or of your own for all commands.

The images are copied from a folder DIR with the four idx files (with or without .gz),
or from Debian's package dataset-fashion-mnist if it is installed, or downloaded from a
public mirror. Their checksums are verified. They are stored in
$ADVPHY_DATA, else $XDG_DATA_HOME/gr-advphy, else ~/.local/share/gr-advphy. The 1000
images of mnist_sample are shipped and need no installation.

images makes a data set of any PNG or JPEG files in DIR: NAME_train, NAME_validation and
NAME_test, with its sub-folders as labels, if there are any.
"""

from dataclasses import dataclass

from advphy_commands import _progress
from advphy_commands._options import operand, option, switch


@dataclass(frozen=True)
class Settings:
    name: str = operand("mnist|fashion-mnist|images", "data set")
    folder: str = option(
        "copy the files from this folder", flag="--from", metavar="DIR"
    )
    own: str = option(
        "images: name of the data set; default: of DIR", "", flag="--name"
    )
    size: int = option("images: rows and columns", "32")
    color: bool = switch("images: in color")
    tiles: bool = switch("images: cut each picture into squares instead of scaling it")

    def __post_init__(self):
        only = self.own, self.size, self.color, self.tiles
        if self.name != "images" and only != ("", 32, False, False):
            raise ValueError(
                "--name, --size, --color and --tiles are for: advphy data images "
                "--from DIR"
            )


def run(settings, output):
    from advphy_model.files import image_files

    name = settings.name
    if name == "images":
        _own(settings, output)
        return
    there = image_files.is_adopted(name)
    if there:
        place = image_files.place(name)
    elif settings.folder is not None:
        place = image_files.adopt(name, settings.folder)
    else:
        place = _fetch(name)
    if there and settings.folder is not None:
        output.remark("--from is not used, since the files are there already")
    where = f"{'already' if there else 'now'} in {place}"
    output.line(f"{name}: {where}, SHA-256 verified")
    output.note(name=name, place=str(place), was_there=there, verified=True)


def _own(settings, output):
    from advphy_model.files import picture_folder

    if settings.folder is None:
        raise ValueError("images are read from a folder; give it with --from DIR")
    place, count, labels, others = picture_folder.adopt(
        settings.folder, settings.own, settings.size, settings.color, settings.tiles
    )
    name = place.name.replace("-", "_")
    output.line(f"{name}_train, {name}_test: {count} images, now in {place}")
    known = ", ".join(f"{i} = {label}" for i, label in enumerate(labels))
    output.line(f"labels: {known or 'none, since there are no sub-folders'}")
    if others:
        output.line(f"left out: {others} files that are neither PNG nor JPEG")
    output.note(name=name, place=str(place), images=count, labels=labels)


def _fetch(name):
    from advphy_model.files import image_files

    def bar(url):
        # pooch sets the total later; tqdm counts as false while its total is 0
        file = url.rpartition("/")[2]
        return _progress.bar(total=1, desc=file, unit="B", unit_scale=True)

    return image_files.fetch(name, bar=bar)
