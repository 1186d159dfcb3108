# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that install a missing package, by the name of its import."""

_OF_DEBIAN = "numpy scipy matplotlib cryptography tqdm PyQt5 pyqtgraph zmq shtab"
REMEDIES = {
    name: f"apt install python3-{name.lower()}" for name in _OF_DEBIAN.split()
} | {
    "torch": "`make environment` in the clone installs it, or apt install "
    "python3-torch (Debian 13), or pip install torch",
    "gnuradio": "apt install gnuradio",
    "pooch": "apt install python3-pooch, or pip install pooch",
    "distributed": "apt install python3-distributed, or pip install distributed",
    "onnxruntime": "pip install onnx onnxruntime",
    "onnx": "pip install onnx onnxruntime",
    "osmosdr": "apt install gr-osmosdr",
}


def remedy(error):
    """Return the text for an ImportError: the missing package and how to install it."""
    package = (error.name or "").partition(".")[0]
    if package not in REMEDIES:
        return str(error)
    if package == "gnuradio":
        return (
            "GNU Radio is not installed for this Python; "
            f"{REMEDIES[package]}, or use --engine loop"
        )
    return f"{package} is not installed; {REMEDIES[package]}"
