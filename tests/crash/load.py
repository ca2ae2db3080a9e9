"""Lives, each on a connection of its own, until the server is gone or they are told to stop."""

import socket
import threading
import time

from command import AGAIN, Line

TIMEOUT_S = 60
REPEATS_AT_ONCE = 16


class Lane:
    """One life, the step it is at, and the commands of that step that have no answer yet."""

    def __init__(self, life):
        self.life, self.step, self.stopping = life, next(life), False
        self.acknowledged = []  # since they were last collected

    @property
    def open(self):
        return [command for command in self.step if not command.acknowledged]

    def run(self, port):
        """Goes on until the connection ends, or the lane is told to stop and has all its answers."""
        line = None
        try:
            line = connect(port)
            while not (self.stopping and not self.open):
                if not self.open:
                    self.go_on()
                self.exchange(line, self.open)
        except OSError:
            pass  # the server is gone: that is the story
        finally:
            if line:
                line.close()

    def exchange(self, line, commands):
        line.send(commands)
        for command in commands:
            if command.take(*line.receive()):
                self.acknowledged.append(command)

    def go_on(self):
        for command in self.step:
            assert command.done, f"a step that nothing hinders was refused: {command}"
        self.step = self.life.send(self.step)

    def collect(self):
        found, self.acknowledged = self.acknowledged, []
        return found


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Line(connection)


class Load:
    def __init__(self, lives):
        self.lanes, self.threads, self.failures = [Lane(life) for life in lives], [], []

    def start(self, port):
        for lane in self.lanes:
            lane.stopping = False
        self.threads = [threading.Thread(target=self.run, args=(lane, port)) for lane in self.lanes]
        for thread in self.threads:
            thread.start()

    def run(self, lane, port):
        try:
            lane.run(port)
        except Exception as error:  # noqa: BLE001 (told by finish(), in the thread that asks)
            self.failures.append(error)

    def finish(self):
        """Waits until every lane has stopped; each then has its answers, or no connection."""
        for lane in self.lanes:
            lane.stopping = True
        for thread in self.threads:
            thread.join()
        if self.failures:
            raise self.failures[0]


def repeat(port, commands):
    """Sends commands once more, pipelined, and those that are told to come back later until they are not: (status, body) of each."""
    line, answers, deadline = connect(port), [None] * len(commands), time.monotonic() + TIMEOUT_S
    try:
        while waiting := [place for place, answer in enumerate(answers) if not answer or answer[0] in AGAIN]:
            assert time.monotonic() < deadline, f"told to come back later for ever: {answers[waiting[0]]}"
            some = waiting[:REPEATS_AT_ONCE]
            line.connection.sendall(b"".join(commands[place].request for place in some))
            for place in some:
                answers[place] = line.receive()
    finally:
        line.close()
    return answers
