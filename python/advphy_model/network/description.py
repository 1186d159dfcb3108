# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks by role as JSON and named arrays, and back: what model files hold."""

import numpy as np

from advphy_model.network.network import Layer, Network


def describe(networks: dict) -> tuple:
    """Return (JSON values by role, float32 arrays by "role.layer.parameter")."""
    described, arrays = {}, {}
    for role, network in sorted(networks.items()):
        layers = []
        for layer in network.layers:
            layers.append(
                {
                    "kind": layer.kind,
                    "name": layer.name,
                    "parameters": sorted(layer.parameters),
                    "attributes": layer.attributes,
                }
            )
            for key in sorted(layer.parameters):
                arrays[f"{role}.{layer.name}.{key}"] = np.ascontiguousarray(
                    layer.parameters[key], np.float32
                )
        described[role] = {"input_shape": list(network.input_shape), "layers": layers}
    return described, arrays


def restore(described: dict, arrays: dict) -> dict:
    """Return the networks by role of what `describe` returned.

    Raises:
        ValueError: when they do not fit, or an array is used by no layer.
    """
    unused = set(arrays)
    networks = {}
    for role, network in described.items():
        layers = []
        for layer in network["layers"]:
            names = {
                key: f"{role}.{layer['name']}.{key}" for key in layer["parameters"]
            }
            parameters = {key: arrays[name] for key, name in names.items()}
            unused -= set(names.values())
            layers.append(
                Layer(layer["kind"], layer["name"], parameters, layer["attributes"])
            )
        networks[role] = Network(tuple(layers), tuple(network["input_shape"]))
    if unused:
        raise ValueError(f"arrays that no layer uses: {', '.join(sorted(unused))}")
    return networks
