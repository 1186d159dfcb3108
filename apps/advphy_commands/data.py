# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the images of MNIST or Fashion-MNIST to where every command finds them.

They come from a public mirror, or from the folder DIR that has the four files (idx,
with or without .gz), and are verified. Their place is $ADVPHY_DATA, else
$XDG_DATA_HOME/gr-advphy, else ~/.local/share/gr-advphy. mnist_sample, 1000 images,
needs none of this.
"""


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument("name", metavar="mnist|fashion-mnist")
    parser.add_argument(
        "--from", dest="folder", metavar="DIR", help="adopt the files in DIR"
    )


def run(arguments):
    """Adopt or download a data set, unless it is there."""
    from advphy_model.files import image_files

    name = arguments.name
    there = image_files.is_adopted(name)
    if there:
        place = image_files.place(name)
    elif arguments.folder is not None:
        place = image_files.adopt(name, arguments.folder)
    else:
        place = _fetch(name)
    where = f"{'already' if there else 'now'} in {place}"
    arguments.output.line(f"{name}: {where}, SHA-256 verified")
    arguments.output.note(name=name, place=str(place), was_there=there, verified=True)


def _fetch(name):
    """Download with a progress bar, which a terminal alone sees."""
    from advphy_model.files import image_files
    from advphy_training import progress

    def bar(
        url,
    ):  # pooch knows the total; one that is 0 would mean that there is no bar
        file = url.rpartition("/")[2]
        return progress.bar(total=1, desc=file, unit="B", unit_scale=True)

    return image_files.fetch(name, bar=bar)
