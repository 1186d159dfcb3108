# SPDX-License-Identifier: GPL-3.0-or-later
"""Bill of materials (CycloneDX) of a Debian package: sbom.py PACKAGE.deb OUT.cdx.json.

It lists the installed Debian packages that the package depends on, with those that they
depend on, and, as optional, what pip takes to train and to test.
"""

import json
import subprocess
import sys

package, out = sys.argv[1:]
RECURSE = "apt-cache depends --recurse --installed --important"
FORM = r"${db:Status-Status} ${Package} ${Version} ${Architecture}\n"
LOCK = "build-tools/bin/cyclonedx-py requirements --output-reproducible --sv 1.6"


def _said(command: str, *more: str) -> str:
    words = [*command.split(), *more]
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout


def _component(kind: str, name: str, version: str, purl: str) -> dict:
    ref = {"bom-ref": purl, "purl": purl}
    return {"type": kind, "name": name, "version": version} | ref


bom = json.loads(_said(LOCK, "setup/requirements.txt"))
pip = bom["components"] + json.loads(_said(LOCK, "setup/torch.txt"))["components"]
optional = [one | {"scope": "optional", "bom-ref": one["purl"]} for one in pip]
bom |= {"components": optional, "dependencies": []}
version = _said("dpkg-deb -f", package, "Version").strip()
purl = f"pkg:generic/gr-advphy@{version}"
bom["metadata"]["component"] = _component("application", "gr-advphy", version, purl)
direct = [one.split()[0] for one in _said("dpkg-deb -f", package, "Depends").split(",")]
needed = set(_said(RECURSE, *direct).splitlines())
for line in sorted(_said("dpkg-query -W -f", FORM).splitlines()):
    state, name, version, machine = line.split(" ")
    if state == "installed" and name in needed:
        purl = f"pkg:deb/debian/{name}@{version}?arch={machine}"
        bom["components"].append(_component("library", name, version, purl))
with open(out, "w") as file:
    json.dump(bom, file, indent=1, sort_keys=True)
