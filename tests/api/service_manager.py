"""What systemd does for a service, as far as the service can see: it opens the sockets and listens to what it is told."""

import os
import socket

PATIENCE_S = 60


class ServiceManager:
    def __init__(self, folder, watchdog_ms=None):
        self.path = str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(PATIENCE_S)
        self.environment = {"NOTIFY_SOCKET": self.path}
        if watchdog_ms:
            self.environment["WATCHDOG_USEC"] = str(watchdog_ms * 1000)

    def hear(self):
        """The next message: a dictionary of its lines."""
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().split("\n") if line)

    def await_message(self, name):
        while True:
            message = self.hear()
            if name in message:
                return message

    def start(self, registry, **how):
        registry.start(env=self.environment, **how)
        return self.await_message("READY")

    def start_with(self, registry, listener, name="tallystick.socket"):
        """Starts with a listening socket passed as descriptor 3, as sd_listen_fds(3) finds it."""
        shell = 'exec 3<&"$FROM"; LISTEN_PID=$$ exec "$@"'
        environment = {**self.environment, "FROM": str(listener.fileno()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": name}
        registry.start(wrap=["/bin/bash", "-c", shell, "bash"], env=environment, pass_fds=[listener.fileno()])
        return self.await_message("READY")

    def close(self):
        self.socket.close()
        os.unlink(self.path)
