# SPDX-License-Identifier: GPL-3.0-or-later
"""Neural physical layers under attack: the blocks, in the order of the data.

message_source -> encoder -> channel (+ perturbation_source)
    -> perturbation_canceller -> decoder -> error_counter
image_source -> semantic_encoder -> alice_arn -> snr_channel
    -> bob_arn -> semantic_decoder -> distortion_meter
    -> eve or adapting_eve -> accuracy_counter (after a channel of her own)
encoder or alice_arn -> burst_modulator -> a radio
    -> burst_synchronizer -> the blocks that follow the channel above
sample_channel replaces the radio between two modems: it passes samples, not codewords.
bytes_to_messages replaces the message source, and messages_to_bytes the error counter,
to send data of one's own.
image_viewer shows streams of images side by side; recorder records received samples.
bler_curve_sink, onset_strip, accuracy_strip and perturbation_sink draw messages of the
blocks above, readout writes them as text, publisher sends them to other programs;
constellation_sink draws received symbols, spectrum_sink the power of samples; presenter
shows figures to an audience.
sdr_sink and sdr_source connect a flowgraph to a radio, a file or another process.
"""

import contextlib
import io
import types

from advphy_model import __version__
from advphy_model.air.adversary import Adversary
from advphy_model.air.perturbation import Perturbation
from advphy_model.files import images
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.link_model import LinkModel
from advphy_model.link.secret_file import read as secret
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure.error_rate import StopRule
from advphy_model.modem.frame import Frame
from advphy_model.numpy_copies import hidden_numpy
from advphy_model.receive.canceller import CancellerSettings

try:  # with a numpy that it was not built for, GNU Radio prints pages
    with contextlib.redirect_stderr(io.StringIO()):
        from gnuradio import gr
except ImportError:
    if not hidden_numpy():
        raise
    raise ImportError(f"GNU Radio does not load: {hidden_numpy()}") from None

from .air.burst_adversary import burst_adversary
from .air.channel import channel
from .air.perturbation_source import perturbation_source
from .air.sample_channel import sample_channel
from .air.sdr_sink import sdr_sink
from .air.sdr_source import sdr_source
from .air.snr_channel import snr_channel
from .block_errors import guarded_block, guarded_general_block
from .companion import model_of
from .display.accuracy_strip import accuracy_strip
from .display.bler_curve_sink import bler_curve_sink
from .display.constellation_sink import constellation_sink
from .display.image_viewer import image_viewer
from .display.onset_strip import onset_strip
from .display.perturbation_sink import perturbation_sink
from .display.presenter import presenter
from .display.readout import readout
from .display.spectrum_sink import spectrum_sink
from .link import link
from .measure.accuracy_counter import accuracy_counter
from .measure.distortion_meter import distortion_meter
from .measure.error_counter import error_counter
from .measure.publisher import publisher
from .measure.recorder import recorder
from .program_end import end_by_signals
from .receive.adapting_eve import adapting_eve
from .receive.bob_arn import bob_arn
from .receive.burst_synchronizer import burst_synchronizer
from .receive.decoder import decoder
from .receive.eve import eve
from .receive.messages_to_bytes import messages_to_bytes
from .receive.neural_network import network_reals, neural_network
from .receive.perturbation_canceller import perturbation_canceller
from .receive.semantic_decoder import semantic_decoder
from .runner import run, top_block
from .transmit.alice_arn import alice_arn
from .transmit.burst_modulator import burst_modulator
from .transmit.bytes_to_messages import bytes_to_messages
from .transmit.encoder import encoder
from .transmit.image_source import image_source
from .transmit.message_source import message_source
from .transmit.semantic_encoder import semantic_encoder


def image_pixels(name):
    """Return the number of pixels of an image of a data set, for a vector length."""
    return images.load(name).as_reals().shape[1]


_RENAMED = {
    "adversary": "Adversary",
    "canceller_settings": "CancellerSettings",
    "eve_model": "Eve.load",
    "frame": "Frame.of_model",
    "link_model": "LinkModel.load",
    "perturbation": "Perturbation.load",
    "semantic_link": "SemanticLink.load",
    "stop_rule": "StopRule",
}


def __getattr__(name):
    """Raise AttributeError, with the new name of what version 0.5 called `name`."""
    if name in _RENAMED:
        raise AttributeError(f"advphy.{name} is now called advphy.{_RENAMED[name]}")
    raise AttributeError(f"gnuradio.advphy has no attribute '{name}'")


# The blocks and what makes their arguments, not the modules.
__all__ = ["__version__"]
__all__ += sorted(
    name
    for name, value in vars().items()
    if name[0] != "_" and not isinstance(value, types.ModuleType)
)
