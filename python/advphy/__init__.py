# SPDX-License-Identifier: GPL-3.0-or-later
"""Neural physical layers under attack: the blocks, in the order of the data.

message_source -> encoder -> channel -> decoder -> error_counter
"""

from advphy_model import __version__, error_rate
from advphy_model.links import load as link_model

from .air.channel import channel
from .guard import guarded_block, run, top_block
from .link import link
from .measure.error_counter import error_counter
from .receive.decoder import decoder
from .transmit.encoder import encoder
from .transmit.message_source import message_source

stop_rule = error_rate.StopRule

__all__ = [
    "__version__",
    "channel",
    "decoder",
    "encoder",
    "error_counter",
    "guarded_block",
    "link",
    "link_model",
    "message_source",
    "run",
    "stop_rule",
    "top_block",
]
