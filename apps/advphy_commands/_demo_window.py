# SPDX-License-Identifier: GPL-3.0-or-later
"""Window of `advphy demo`: a list of examples, and what the selected one shows."""

import shutil
import sys

from PyQt5 import QtCore, QtGui, QtWidgets

PATIENCE_MS = 5000  # from SIGTERM to SIGKILL
LAST_WORDS = 4000  # bytes of the output of an example that are kept


class Program(QtCore.QProcess):
    """An example that is compiled into a folder and run."""

    def __init__(self, example, folder, environment):
        super().__init__(objectName=example.flowgraph.stem)
        self.example, self.failure = example, ""
        self._stopped, self._said = False, b""
        variables = QtCore.QProcessEnvironment()
        for name, value in environment.items():
            variables.insert(name, value)
        self.setProcessEnvironment(variables)
        self.setProcessChannelMode(self.MergedChannels)
        compiler = shutil.which("grcc", path=environment["PATH"])
        self._compile = compiler, ["-o", str(folder), str(example.flowgraph)]
        self._run = sys.executable, [str(folder / f"{self.objectName()}.py")]
        self._patience = QtCore.QTimer(self, singleShot=True, timeout=self.kill)
        self.readyRead.connect(self._hear)
        self.finished.connect(self._judge)

    def _hear(self):
        self._said = (self._said + bytes(self.readAll()))[-LAST_WORDS:]

    def _judge(self, code):
        self._patience.stop()
        if self._stopped:
            return
        if not code and self.program() == self._compile[0]:
            self.start(*self._run)
        elif code:
            lines = self._said.decode(errors="replace").strip().split("\n")
            self.failure = f"It failed: {lines[-1] or f'exit code {code}'}"

    @property
    def running(self):
        return self.state() != self.NotRunning

    def begin(self):
        self._stopped, self._said, self.failure = False, b"", ""
        self.start(*self._compile)

    def stop(self):
        """Ask the program to end, and end it if it does not."""
        if self.running:
            self._stopped = True
            self.terminate()
            self._patience.start(PATIENCE_MS)

    def end(self):
        """Wait until the program has ended."""
        if self.running and not self.waitForFinished(PATIENCE_MS):
            self.kill()
            self.waitForFinished()


class DemoWindow(QtWidgets.QWidget):
    """Menu of Examples, which run until they are stopped or the window is closed."""

    def __init__(self, examples, folder, environment):
        super().__init__(windowTitle="advphy demo")
        self.programs = [Program(each, folder, environment) for each in examples]
        self.list = QtWidgets.QListWidget(focusPolicy=QtCore.Qt.NoFocus)
        plain = {"wordWrap": True, "textFormat": QtCore.Qt.PlainText}
        labels = [QtWidgets.QLabel(**plain) for _ in range(3)]
        self.title, self.sentence, self.state = labels
        self.picture = QtWidgets.QLabel(alignment=QtCore.Qt.AlignCenter)
        self.picture.setSizePolicy(*[QtWidgets.QSizePolicy.Ignored] * 2)
        self.button, self.next_button = map(QtWidgets.QPushButton, ("", "Next (space)"))
        for button, do in ((self.button, self.toggle), (self.next_button, self.next)):
            button.setFocusPolicy(QtCore.Qt.NoFocus)
            button.clicked.connect(do)
        keys = {QtCore.Qt.Key_Space: self.next}
        keys |= dict.fromkeys((QtCore.Qt.Key_Return, QtCore.Qt.Key_Enter), self.toggle)
        for key, do in keys.items():
            QtWidgets.QShortcut(key, self, do, autoRepeat=False)
        for program in self.programs:
            self.list.addItem(f"{program.example.title} ({program.objectName()})")
            program.stateChanged.connect(self.show_selected)
            program.finished.connect(self.show_selected)
        self._arrange()
        self.list.currentRowChanged.connect(self.show_selected)
        self.list.setCurrentRow(0)

    def _arrange(self):
        font = self.font()
        font.setPointSizeF(1.25 * font.pointSizeF())
        self.setFont(font)
        font.setBold(True)
        for part in (self.title, self.list):
            part.setFont(font)  # of the list, those who run are bold
        self.list.setMinimumWidth(self.list.sizeHintForColumn(0) + 40)
        grid = QtWidgets.QGridLayout(self)
        grid.addWidget(self.list, 0, 0, 4, 1)
        for row, part in enumerate((self.title, self.sentence, self.picture)):
            grid.addWidget(part, row, 1, 1, 3)
        for column, part in enumerate((self.state, self.button, self.next_button), 1):
            grid.addWidget(part, 3, column)
        grid.setRowStretch(2, 1)
        grid.setColumnStretch(1, 1)
        self.resize(1280, 720)

    @property
    def selected(self):
        return self.programs[self.list.currentRow()]

    def toggle(self):
        """Start the selected example, or stop it."""
        (self.selected.stop if self.selected.running else self.selected.begin)()

    def next(self):
        """Stop the selected example and start the next one."""
        self.selected.stop()
        self.list.setCurrentRow((self.list.currentRow() + 1) % len(self.programs))
        if not self.selected.running:
            self.selected.begin()

    def show_selected(self, *_):
        about, running = self.selected.example, self.selected.running
        self.title.setText(about.title)
        self.sentence.setText(f"{about.sentence}.")
        self.button.setText("Stop" if running else "Start")
        runs = "It runs; its window opens within seconds."
        self.state.setText(runs if running else self.selected.failure)
        pixmap = QtGui.QPixmap(str(about.picture or ""))
        if not pixmap.isNull():
            smooth = QtCore.Qt.KeepAspectRatio, QtCore.Qt.SmoothTransformation
            pixmap = pixmap.scaled(self.picture.size(), *smooth)
        self.picture.setPixmap(pixmap)
        for row, program in enumerate(self.programs):
            font = self.font()
            font.setBold(program.running)
            self.list.item(row).setFont(font)

    def resizeEvent(self, event):
        super().resizeEvent(event)
        self.show_selected()

    def closeEvent(self, event):
        for act in (Program.stop, Program.end):  # all of them at once
            for program in self.programs:
                act(program)
        super().closeEvent(event)
