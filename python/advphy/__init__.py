# SPDX-License-Identifier: GPL-3.0-or-later
"""Neural physical layers under attack: the blocks, in the order of the data.

message_source -> encoder -> channel (+ perturbation_source)
    -> perturbation_canceller -> decoder -> error_counter
"""

from advphy_model import __version__, canceller, error_rate
from advphy_model import adversary as arriving
from advphy_model.links import load as link_model
from advphy_model.perturbation import read as perturbation

from .air.channel import channel
from .air.perturbation_source import perturbation_source
from .guard import guarded_block, run, top_block
from .link import link
from .measure.error_counter import error_counter
from .receive.decoder import decoder
from .receive.perturbation_canceller import perturbation_canceller
from .transmit.encoder import encoder
from .transmit.message_source import message_source

adversary = arriving.Adversary
canceller_settings = canceller.CancellerSettings
stop_rule = error_rate.StopRule

__all__ = [
    "__version__",
    "adversary",
    "canceller_settings",
    "channel",
    "decoder",
    "encoder",
    "error_counter",
    "guarded_block",
    "link",
    "link_model",
    "message_source",
    "perturbation",
    "perturbation_canceller",
    "perturbation_source",
    "run",
    "stop_rule",
    "top_block",
]
