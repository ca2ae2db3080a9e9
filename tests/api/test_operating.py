"""What an operator does with a running service: reload, drain, restart without losing a request, behind a proxy."""

import http.client
import json
import os
import signal
import socket
import threading

import pytest
from http_client import TIMEOUT_S, HttpClient, parse_answers
from registry import Registry
from service_manager import ServiceManager


@pytest.fixture
def manager(tmp_path):
    made = ServiceManager(tmp_path)
    yield made
    made.close()


@pytest.fixture
def registry(tmp_path):
    made = Registry(tmp_path / "ledger")
    yield made
    if made.process:
        made.kill()


def settings(registry, **members):
    (registry.directory / "server.json").write_text(json.dumps(members))


def reload(registry, manager):
    registry.process.send_signal(signal.SIGHUP)
    message = manager.await_message("RELOADING")
    assert int(message["MONOTONIC_USEC"]) > 0
    return manager.await_message("READY")["STATUS"]


def ended(registry):
    """The exit code of a server that was told to stop."""
    process, registry.process = registry.process, None
    code = process.wait(TIMEOUT_S)
    process.stdout.close()
    return code


# ---- what the service manager hears ----


def test_the_manager_hears_of_start_and_stop(registry, manager):
    status = manager.start(registry)["STATUS"]
    assert status.startswith(f"Serving at http://127.0.0.1:{registry.port}, ") and status.endswith(" entries.")
    registry.process.send_signal(signal.SIGTERM)
    assert manager.await_message("STOPPING")["STATUS"] == "Finishing what was accepted."
    assert ended(registry) == 0


def test_the_watchdog_hears_again_and_again(registry, tmp_path):
    manager = ServiceManager(tmp_path, watchdog_ms=300)
    manager.start(registry)
    with registry.unchanged():
        for _ in range(5):
            manager.await_message("WATCHDOG")
    registry.stop()
    manager.close()


def test_without_a_watchdog_none_is_told(registry, manager):
    manager.start(registry)
    registry.process.send_signal(signal.SIGTERM)
    assert "STOPPING" in manager.hear(), "nothing came between"
    assert ended(registry) == 0


# ---- reload ----


def test_a_reload_changes_limits_at_once(registry, manager):
    settings(registry, connections_per_address_max=50)
    manager.start(registry)
    kept = [socket.create_connection(("127.0.0.1", registry.port), timeout=TIMEOUT_S) for _ in range(3)]
    assert HttpClient(registry.port).request("GET", "/healthz").status == 200
    settings(registry, connections_per_address_max=2)
    assert "refused" not in reload(registry, manager)
    with socket.create_connection(("127.0.0.1", registry.port), timeout=TIMEOUT_S) as late:
        assert late.recv(1) == b"", "there are more from this address already"
    for sock in kept:
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"200 OK" in sock.recv(65536), "who was connected stays"
        sock.close()
    registry.stop()


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"idle_ms": 5}, "server.json: idle_ms must be from 100 to 3600000."),
        ({"connections_per_address_max": 1, "colour": "blue"}, 'server.json: there is no setting "colour".'),
        ({"connections_per_address_max": 1, "tls_key": "x", "tls_certificate": "nothing.pem"}, "nothing.pem: No such file"),
    ],
)
def test_a_reload_takes_all_or_nothing(registry, manager, members, sentence):
    manager.start(registry)
    settings(registry, **members)
    assert sentence in reload(registry, manager)
    both = [socket.create_connection(("127.0.0.1", registry.port), timeout=TIMEOUT_S) for _ in range(2)]
    for sock in both:
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"200 OK" in sock.recv(65536)
        sock.close()
    settings(registry, idle_ms=60000)
    assert "refused" not in reload(registry, manager)
    registry.stop()
    assert "service.reload_refused" in registry.stderr() and "service.reloaded" in registry.stderr()


def test_what_only_a_start_changes_is_told(registry, manager):
    manager.start(registry)
    settings(registry, threads=3, webhooks_private=True, idle_ms=50000)
    reload(registry, manager)
    registry.stop()
    assert '"next_start_changes":"threads webhooks_private"' in registry.stderr()


# ---- drain ----


def half_sent(registry, path="/v1/receivables"):
    """A request whose body waits for four more bytes."""
    sock = socket.create_connection(("127.0.0.1", registry.port), timeout=TIMEOUT_S)
    sock.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{{}}  ".encode())
    return sock


def is_cut(sock):
    """Whether the server ends the connection without a word."""
    with sock:
        try:
            return sock.recv(100) == b""
        except ConnectionResetError:  # some of what was sent had not been read
            return True


def answer_to(sock):
    received = b""
    while chunk := sock.recv(65536):
        received += chunk
    return parse_answers(received)


def test_a_load_balancer_hears_before_the_door_closes(registry, manager):
    settings(registry, drain_delay_ms=300_000)
    manager.start(registry)
    ready = HttpClient(registry.port)
    assert ready.request("GET", "/readyz").status == 200
    registry.process.send_signal(signal.SIGTERM)
    manager.await_message("STOPPING")
    while (answer := ready.request("GET", "/readyz")).status == 200:
        pass
    answer.problem("stopping")
    assert answer.headers["retry-after"]
    late = HttpClient(registry.port)
    assert late.request("GET", "/checkpoint").status == 200, "all else goes on, for new connections too"
    late.close()
    ready.close()
    registry.process.send_signal(signal.SIGTERM)  # which hastens
    assert ended(registry) == 0


def test_what_is_under_way_is_answered_and_the_connection_closed(registry, manager):
    manager.start(registry)
    under_way, kept, silent = half_sent(registry), HttpClient(registry.port), half_sent(registry, "/nothing")
    assert kept.request("GET", "/healthz").status == 200
    registry.process.send_signal(signal.SIGTERM)
    manager.await_message("STOPPING")
    answer = kept.request("GET", "/checkpoint")
    assert answer.status == 200
    while answer.headers.get("connection") != "close":  # the signal may still be on its way to the HTTP threads
        answer = kept.request("GET", "/checkpoint")
        assert answer.status == 200
    for sock in (under_way, silent):
        sock.sendall(b"    ")
        (answer,) = answer_to(sock)
        assert answer.status in (401, 404) and answer.headers["connection"] == "close"
        sock.close()
    assert ended(registry) == 0


def test_the_deadline_bounds_the_drain(registry, manager):
    settings(registry, drain_deadline_ms=100)
    manager.start(registry)
    never = half_sent(registry)
    registry.process.send_signal(signal.SIGTERM)
    assert is_cut(never)
    assert ended(registry) == 0
    assert "service.cut" in registry.stderr()


def test_a_second_signal_hastens_the_drain(registry, manager):
    settings(registry, drain_deadline_ms=600_000)
    manager.start(registry)
    never = half_sent(registry)
    registry.process.send_signal(signal.SIGTERM)
    manager.await_message("STOPPING")
    registry.process.send_signal(signal.SIGINT)
    assert is_cut(never)
    assert ended(registry) == 0


def test_a_server_in_a_terminal_ends_with_it(registry):
    """SIGHUP by a person is a reload, by a terminal that is gone it is not."""
    outside, inside = os.openpty()
    registry.start(wrap=["setsid", "--ctty"], stdin=inside)
    os.close(inside)
    os.close(outside)
    assert ended(registry) == 0


# ---- a socket that outlives the service ----


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0), backlog=512) as sock:
        yield sock


def test_a_passed_socket_is_served(registry, manager, listener):
    status = manager.start_with(registry, listener)["STATUS"]
    assert registry.port == listener.getsockname()[1] and f":{registry.port}, " in status
    assert registry.get("/healthz").ok()["status"] == "ok"
    registry.stop()
    with socket.create_connection(("127.0.0.1", registry.port), timeout=TIMEOUT_S) as waiting:
        waiting.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        manager.start_with(registry, listener)
        assert [answer.status for answer in answer_to(waiting)] == [200], "who came in between was waited for"
    registry.stop()


def test_what_is_passed_must_be_a_listening_socket_of_tcp(registry, manager, tmp_path):
    local = socket.socket(socket.AF_UNIX)
    local.bind(str(tmp_path / "local"))
    local.listen()
    for wrong in (socket.socket(), local):
        with wrong, pytest.raises(AssertionError, match="is no listening socket of TCP"):
            manager.start_with(registry, wrong)


def test_the_name_of_a_passed_socket_says_what_is_spoken(registry, manager, listener):
    with pytest.raises(AssertionError, match="needs a certificate"):
        manager.start_with(registry, listener, name="https")
    registry.log.unlink()  # what it said is not the log of a server that runs
    manager.start_with(registry, listener, name="http")
    registry.stop()


class Load:
    """Clients that ask without pause and repeat nothing: half of them on kept connections, half on new ones."""

    def __init__(self, port, ask, clients=8):
        self.port, self.ask, self.stop, self.answers, self.lost = port, ask, threading.Event(), [], []
        self.threads = [threading.Thread(target=self.run, args=(n % 2 == 0,)) for n in range(clients)]
        for thread in self.threads:
            thread.start()

    def run(self, keep):
        connection = None
        while not self.stop.is_set():
            connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
            try:
                method, path, body, headers = self.ask()
                connection.request(method, path, body, headers)
                response = connection.getresponse()
                response.read()
                self.answers.append(response.status)
            except (OSError, http.client.HTTPException) as failure:
                self.lost.append(repr(failure))
                connection.close()
                connection = None
                continue
            if not keep or response.will_close:
                connection.close()
                connection = None
        if connection:
            connection.close()

    def finish(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(TIMEOUT_S)

    def grow(self, more):
        """Until so many more answers have come."""
        enough = len(self.answers) + more
        while len(self.answers) < enough and not self.lost:
            self.threads[0].join(0.001)


def test_a_restart_under_load_loses_no_request(registry, manager, listener):
    manager.start_with(registry, listener)
    registry.cast()
    made = iter([registry.supplier.sign("/v1/receivables", registry.invoice()) for _ in range(400)])
    lock = threading.Lock()

    def ask():
        with lock:
            command = next(made, None)
        if command is None:
            return "GET", "/checkpoint", None, {}
        return "POST", "/v1/receivables", command, {"Content-Type": "application/jose+json"}

    load = Load(registry.port, ask)
    for _ in range(3):
        load.grow(200)
        registry.http.close()
        registry.stop()
        manager.start_with(registry, listener)
    load.grow(200)
    load.finish()
    assert load.lost == []
    assert set(load.answers) <= {200, 201} and load.answers.count(201) == 400
    registry.verify()
    registry.stop()
    code, report = registry.audit()
    assert code == 0 and report["ok"], report


# ---- behind a proxy ----

FORWARDED = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "X-Request-Id": "of-the-proxy-1"}


def test_a_stranger_s_word_for_others_is_not_taken(registry, manager):
    manager.start(registry)
    answer = HttpClient(registry.port).request("GET", "/healthz", headers=FORWARDED)
    assert answer.headers["x-request-id"] != "of-the-proxy-1"
    assert "strict-transport-security" not in answer.headers
    registry.http.close()
    registry.stop()


def test_a_trusted_proxy_s_word_is(registry, manager):
    settings(registry, trusted_proxies=["127.0.0.0/8"])
    manager.start(registry)
    ask = HttpClient(registry.port).request
    answer = ask("GET", "/healthz", headers=FORWARDED)
    assert answer.headers["x-request-id"] == "of-the-proxy-1"
    assert "strict-transport-security" in answer.headers
    for bad in ("short", "x" * 65, "with blank in it", "semi;colon", "ünïcödé-ünïcödé"):
        answer = ask("GET", "/healthz", headers={**FORWARDED, "X-Request-Id": bad.encode("latin-1")})
        assert answer.headers["x-request-id"] != bad
    registry.stop()
