# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read and written: the shipped models, image data, the folder for data."""

import os
from pathlib import Path

from advphy_commands._doctor import NOTE, OK, PROBLEM, WARNING, Finding, sentence
from advphy_commands._doctor.another_process import LackingError, ask
from advphy_commands._remedies import REMEDIES

_MODELS = """
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.link_model import LinkModel
from advphy_model.link.semantic_link import SemanticLink
found.update(read=0, failed={})
for kind in (LinkModel, SemanticLink, Eve):
    for name in kind.names():
        try:
            kind.load(name)
            found['read'] += 1
        except Exception as error:
            found['failed'][name] = str(error)
"""
_DATA = """
from advphy_model.files import image_files
found['place'] = str(image_files.place('mnist').parent)
found['adopted'] = {
    name: image_files.is_adopted(name) for name in image_files.DATA_SETS
}
"""


def models(surroundings):
    """Read every shipped model; its reader compares the hash."""
    again = "sudo make install, in a clone"
    if surroundings.clone is not None:
        again = (
            f"git checkout python/advphy_model/trained && make build, in "
            f"{surroundings.clone}"
        )
    try:
        found = ask(_MODELS, surroundings.path)
    except (LackingError, RuntimeError) as error:
        lacks = (getattr(error, "name", None) or "").partition(".")[0]
        yield Finding(
            PROBLEM,
            "shipped models",
            said=sentence(error),
            remedy=REMEDIES.get(lacks, again),
        )
        return
    for name, said in found["failed"].items():
        yield Finding(PROBLEM, f"model {name}", said=said, remedy=again)
    if not found["failed"]:
        yield Finding(OK, "shipped models", f"{found['read']}, their hashes are right")


def image_data(surroundings):
    """Look for the data sets, and whether their folder may be written."""
    found = ask(_DATA, surroundings.path)
    for name, there in found["adopted"].items():
        if there:
            yield Finding(OK, f"images of {name}", found["place"])
        else:
            yield Finding(
                NOTE,
                f"images of {name}",
                said="are not here; training and "
                "measuring semantic links on all of them needs them",
                remedy=f"advphy data {name}",
            )
    place = Path(found["place"])
    near = next(folder for folder in (place, *place.parents) if folder.exists())
    if near.is_dir() and os.access(near, os.W_OK):
        yield Finding(OK, "folder for data", str(place))
    else:
        yield Finding(
            WARNING,
            "folder for data",
            str(place),
            f"{near} may not be written, so `advphy data` cannot",
            "export ADVPHY_DATA=A-FOLDER-OF-YOURS",
        )


CHECKS = (models, image_data)
