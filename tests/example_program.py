# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a program of Companion as its user does: move its controls, close its window.

    example_program.py FOLDER NAME '{"seconds": 60, "controls": [...]}' ARGUMENTS ...

Prints one line of JSON: how long each control took to be seen in what the counters
publish, in seconds, or null; the items a second of each segment; whether the window
had to scroll; what was said last of each segment. Then, in two more lines, when the
window was closed and when the flowgraph had stopped, in seconds of the epoch; the
process ends by the program's own main().

A control is {"set": {variable: value}, "kind", "name", "settings": {key: wanted}}. It
is seen when a message of that kind and name has these settings. Without "settings",
when the message is of a later segment. With "items", not before it counts so many;
with "trainings", not before Eve has been trained so many times since.
"""

import contextlib
import importlib
import json
import math
import sys
import time

import zmq
from advphy_model.measure import published
from gnuradio import advphy
from PyQt5 import QtCore

POLL_MS, WARM_UP, REST, GIVE_UP = 5, 2.0, 0.4, 3.0
SIZE = 1280, 760  # what is left of 1280 x 800 below a title
FIRST = ("first_block", "first_frame")


class Ear:
    """What the publishers of a flowgraph, or at other addresses, say."""

    def __init__(self, addresses):
        self._socket = zmq.Context.instance().socket(zmq.SUB)
        self._socket.setsockopt(zmq.SUBSCRIBE, b"")
        for address in addresses:
            self._socket.connect(address)
        self.newest, self.first, self.last = {}, {}, {}

    def heard(self):
        """Return the messages that came since, the oldest first."""
        found = []
        with contextlib.suppress(zmq.Again):
            while True:
                data = self._socket.recv(zmq.NOBLOCK)
                found += published.decode(data)
        for message in found:
            sender = message["kind"], message["name"]
            segment = [message.get(key) for key in FIRST]
            self.newest[sender] = self.last[(*sender, *segment)] = message
            self.first.setdefault((*sender, *segment), message)
        return found

    def rates(self):
        """Return the items a second of segments that took a while."""
        found = []
        for segment, first in self.first.items():
            last = self.last[segment]
            key = "blocks" if "blocks" in last else "frames"
            if key in first and last["time"] - first["time"] > REST / 2:
                found.append((last[key] - first[key]) / (last["time"] - first["time"]))
        return found


class Show:
    """One run: controls one after another, then the rest of the time, then the end."""

    def __init__(self, flowgraph, plan):
        self._flowgraph, self._plan = flowgraph, plan
        addresses = list(plan.get("listen", []))
        if hasattr(flowgraph, "publisher"):
            addresses.append(flowgraph.publisher.address())
        self._ear, self._left = Ear(addresses), list(plan["controls"])
        self._begun = time.time()
        self._not_before = self._begun + plan.get("warm_up", WARM_UP)
        self._present, self._found, self._seen = None, [], {}
        flowgraph.resize(*plan.get("size", SIZE))
        self._timer = QtCore.QTimer()
        self._timer.timeout.connect(self._look)
        self._timer.start(POLL_MS)

    def _look(self):
        now, messages = time.time(), self._ear.heard()
        if self._present is not None:
            self._wait_for(now, messages)
        elif now < self._not_before:
            return
        elif self._left:
            self._set(self._left.pop(0), now)
        elif now - self._begun > self._plan["seconds"]:
            self._end()

    def _set(self, control, now):
        if "kind" in control:
            before = self._ear.newest.get((control["kind"], control["name"]), {})
            self._seen = {key: before.get(key) for key in FIRST}
            trained = before.get("settings", {}).get("training", 0)
            more = control.get("trainings", 0)
            self._least = trained + more if more else 0
        for variable, value in control["set"].items():
            getattr(self._flowgraph, f"set_{variable}")(value)
        if "kind" in control:
            self._present = control, time.time()
        else:
            self._not_before = now + control.get("rest", REST)

    def _wait_for(self, now, messages):
        control, since = self._present
        done = any(self._is_it(control, message) for message in messages)
        if done or now - since > self._plan.get("give_up", GIVE_UP):
            self._found.append([control["set"], now - since if done else None])
            self._present, self._not_before = None, now + REST

    def _is_it(self, control, message):
        if (message["kind"], message["name"]) != (control["kind"], control["name"]):
            return False
        if message.get("frames", math.inf) < control.get("items", 0):
            return False
        if "settings" not in control:
            later = {key: message.get(key) for key in FIRST}
            return later != self._seen
        said = message["settings"]
        wanted = control["settings"].items()
        return said.get("training", 0) >= self._least and all(
            _equal(said.get(k), v) for k, v in wanted
        )

    def _end(self):
        self._timer.stop()
        scroll = getattr(self._flowgraph, "top_scroll", None)
        bars = scroll and [scroll.verticalScrollBar(), scroll.horizontalScrollBar()]
        print(
            json.dumps(
                {
                    "seconds": self._found,
                    "rates": self._ear.rates(),
                    "scrolls": any(bar.maximum() > 0 for bar in bars or ()),
                    "said": list(self._ear.last.values()),
                }
            )
        )
        print(time.time(), flush=True)
        self._flowgraph.close()


def _equal(said, wanted):
    if isinstance(wanted, float):
        return isinstance(said, (int, float)) and abs(said - wanted) < 1e-6
    return said == wanted


def main(folder, name, plan, arguments):
    """Let the program show its flowgraph, which then plays by itself."""
    sys.path.insert(0, folder)
    program, kept = importlib.import_module(name), []
    sys.argv = [f"{name}.py", *arguments]

    def made(**options):
        flowgraph = getattr(program, name)(**options)
        if not hasattr(flowgraph, "publisher") and hasattr(flowgraph, "counter"):
            flowgraph.publisher = advphy.publisher("tcp://127.0.0.1:*")
            wire = (flowgraph.counter, "counts"), (flowgraph.publisher, "in")
            flowgraph.msg_connect(*wire)
        begin = QtCore.QTimer.singleShot
        begin(0, lambda: kept.append(Show(flowgraph, json.loads(plan))))
        return flowgraph

    program.main(made)
    print(time.time(), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4], sys.argv[4:])
