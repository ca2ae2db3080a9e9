"""https by the server itself: what is spoken, reloading the certificate, and what is refused."""

import contextlib
import signal
import socket
import ssl
import subprocess
import time

import pytest
from certificates import Authority, serial_of
from conftest import close
from http_client import TIMEOUT_S, HttpClient, exchange, parse_answers
from registry import BINARY, Registry, tallystick
from service_manager import ServiceManager


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def registry(tmp_path_factory, authority):
    chain, key, _ = authority.issue()
    made = Registry(
        tmp_path_factory.mktemp("registry") / "ledger",
        options=["--tls-certificate", str(chain), "--tls-key", str(key)],
        tls=authority.context(),
    )
    made.start()
    try:
        yield made.cast()
        close(made)
    finally:
        if made.process:
            made.kill()


@pytest.fixture
def managed(tmp_path, authority):
    """A registry whose certificate may change: (registry, the manager that hears of it, chain, key)."""
    chain, key, _ = authority.issue("changing")
    made = Registry(
        tmp_path / "ledger",
        options=[
            *("--tls-certificate", str(chain), "--tls-key", str(key), "--request-deadline-ms", "1000"),
            *("--metrics-listen", "127.0.0.1:0"),
        ],
        tls=authority.context(),
    )
    manager = ServiceManager(tmp_path)
    manager.start(made)
    try:
        yield made, manager, chain, key
        made.stop()
    finally:
        if made.process:
            made.kill()
        manager.close()


def connect(port, context):
    sock = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
    return context.wrap_socket(sock, server_hostname="localhost")


def serial_served(registry):
    with connect(registry.port, registry.tls) as sock:
        return serial_of(sock)


def ask(sock, target="/healthz"):
    sock.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    received = b""
    while not received.endswith(b"}"):
        received += sock.recv(65536)
    return received


def reload(registry, manager):
    registry.process.send_signal(signal.SIGHUP)
    manager.await_message("RELOADING")
    return manager.await_message("READY")["STATUS"]


# ---- what is spoken ----


def test_a_claim_comes_to_be_over_https(registry):
    _, claim = registry.confirmed()
    assert registry.supplier.get(f"/v1/claims/{claim['id']}").ok()["id"] == claim["id"]


def test_clients_are_told_to_come_by_https_from_now_on(registry):
    assert registry.get("/healthz").headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken_with_forward_secrecy(registry, authority, version):
    context = authority.context()
    context.minimum_version = context.maximum_version = version
    with connect(registry.port, context) as sock:
        name, _, bits = sock.cipher()
        assert name.startswith(("TLS_", "ECDHE-")) and bits >= 128
        assert b"200 OK" in ask(sock)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_older_versions_are_not(registry, authority, version):
    context = authority.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        connect(registry.port, context)


@pytest.mark.parametrize("ciphers", ["AES128-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256"])
def test_ciphers_without_forward_secrecy_or_authentication_are_refused(registry, authority, ciphers):
    context = authority.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(ciphers + ":@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        connect(registry.port, context)


def test_plain_http_on_that_port_is_told_so(registry):
    body = b"x" * 100_000
    for request in (
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /v1/receivables HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + body[:2000],
    ):
        (answer,) = parse_answers(exchange(registry.port, request, shut=True))
        assert "https" in answer.problem("bad-request")["detail"]


@pytest.mark.parametrize("garbage", [b"\x00" * 100, b"\x16\x03\x01\x00\x05hello" * 20, b"SSH-2.0-x\r\n"[:1].lower() + b"\xff" * 50])
def test_garbage_ends_the_connection_and_nothing_else(registry, garbage):
    assert b"HTTP/1.1 200" not in exchange(registry.port, garbage, shut=True)
    assert registry.get("/healthz").ok()["status"] == "ok"


def test_large_answers_and_bodies_come_whole(registry):
    assert len(registry.get("/openapi.json").ok()["paths"]) > 50
    answer = registry.send("/v1/receivables", b"{" + b" " * 900_000, content_type="application/json")
    assert answer.status in (400, 401)


def test_requests_one_behind_the_other_on_one_connection(registry):
    with connect(registry.port, registry.tls) as sock:
        one = b"GET /checkpoint HTTP/1.1\r\nHost: localhost\r\n\r\n"
        sock.sendall(one * 20 + one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        received = b""
        while chunk := sock.recv(65536):
            received += chunk
    assert [answer.status for answer in parse_answers(received)] == [200] * 21


# ---- the certificate ----


def test_a_reload_serves_the_new_certificate_and_leaves_connections_alone(managed, authority):
    registry, manager, _, _ = managed
    before = serial_served(registry)
    with connect(registry.port, registry.tls) as old:
        assert b"200 OK" in ask(old)
        _, _, after = authority.issue("changing")
        reload(registry, manager)
        assert serial_served(registry) == after != before
        assert b"200 OK" in ask(old) and serial_of(old) == before


def test_the_watchers_see_when_it_expires(managed, authority):
    registry, manager, chain, _ = managed
    figures = HttpClient(int(registry.process.stdout.readline().rpartition(":")[2]))

    def expires():
        (line,) = [x for x in figures.request("GET", "/metrics").text.splitlines() if x.startswith("tallystick_tls_")]
        return int(line.split()[1])

    assert expires() == Authority.expires(chain)
    authority.issue("changing", days=3)
    reload(registry, manager)
    assert expires() == Authority.expires(chain) < time.time() + 4 * 86400
    figures.close()


@pytest.mark.parametrize("fault", ["other key", "expired", "not a certificate", "readable by all", "gone", "empty key"])
def test_a_bad_new_certificate_is_refused_and_the_old_one_stays(managed, authority, fault):
    registry, manager, chain, key = managed
    before = serial_served(registry)
    if fault == "other key":
        kept = chain.read_bytes()
        authority.issue("changing")
        chain.write_bytes(kept)
        sentence = f"{key} is not the key of the first certificate in {chain}."
    elif fault == "expired":
        authority.issue("changing", days=-1)
        sentence = f"{chain}: the certificate has expired."
    elif fault == "not a certificate":
        chain.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        sentence = f"{chain}: "
    elif fault == "readable by all":
        key.chmod(0o644)
        sentence = f"{key}: the key must not be open to others"
    elif fault == "gone":
        chain.unlink()
        sentence = f"{chain}: No such file or directory."
    else:
        key.write_text("")
        sentence = f"{key}: "
    status = reload(registry, manager)
    assert "The last reload was refused" in status and sentence in status
    assert serial_served(registry) == before
    done = tallystick("serve", registry.directory, *registry.options, "--check-config")
    assert done.returncode == 5 and sentence in done.stderr
    key.unlink(missing_ok=True)
    _, _, after = authority.issue("changing")
    assert "refused" not in reload(registry, manager)
    assert serial_served(registry) == after
    registry.stop()
    assert "service.reload_refused" in registry.stderr() and sentence.partition(": ")[2] in registry.stderr()


def test_a_server_without_a_good_certificate_does_not_start(tmp_path, authority):
    registry = Registry(tmp_path / "ledger")
    chain, key, _ = authority.issue("lonely")
    for options, sentence in (
        (["--tls-certificate", str(chain)], "tls_certificate and tls_key must be set together."),
        (["--listen", "https://127.0.0.1:0"], "tls_certificate must be set, because listen has https://127.0.0.1:0."),
        (["--tls-certificate", str(key), "--tls-key", str(chain)], f"{chain}: the key must not be open to others"),
    ):
        done = tallystick("serve", registry.directory, *options)
        assert done.returncode in (2, 5) and sentence in done.stderr, done.stderr


# ---- slow ones ----


@pytest.mark.parametrize("start", [b"", b"\x16\x03\x01", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x01" * 40])
def test_a_handshake_that_does_not_end_is_cut(managed, start):
    registry, *_ = managed
    assert exchange(registry.port, start) == b""


def test_a_request_that_does_not_end_is_cut(managed):
    registry, *_ = managed
    with connect(registry.port, registry.tls) as sock, contextlib.suppress(ssl.SSLError, ConnectionError):
        sock.sendall(b"POST /v1/receivables HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\nhalf")
        assert sock.recv(100) == b""


# ---- http beside https ----


def test_http_and_https_at_once(tmp_path, authority):
    chain, key, _ = authority.issue("both")
    registry = Registry(
        tmp_path / "ledger",
        options=["--listen", "http://[::1]:0", "--tls-certificate", str(chain), "--tls-key", str(key)],
        tls=authority.context(),
    )
    registry.start()
    try:
        line = registry.process.stdout.readline()
        assert line.startswith("listening on http://[::1]:")
        with socket.create_connection(("::1", int(line.rpartition(":")[2])), timeout=TIMEOUT_S) as sock:
            answer = ask(sock)
            assert b"200 OK" in answer and b"Strict-Transport-Security" not in answer
        assert HttpClient(registry.port, registry.tls).request("GET", "/healthz").status == 200
    finally:
        registry.stop()


# ---- the client ----


def client(registry, *args, env=None):
    url = f"https://localhost:{registry.port}"
    return subprocess.run(
        [BINARY, *args, "--url", url, "--retries", "0"], capture_output=True, text=True, timeout=TIMEOUT_S, env={"HOME": "/nonexistent", **(env or {})}
    )


def test_the_client_trusts_a_private_authority_that_it_is_told_of(registry, authority):
    asked = ("list", "participants", "--token", registry.supplier.token)
    assert client(registry, *asked, "--cacert", str(authority.file)).returncode == 0
    assert client(registry, *asked, env={"TALLYSTICK_CACERT": str(authority.file)}).returncode == 0


def test_the_client_does_not_trust_a_stranger(registry, authority, tmp_path):
    asked = ("list", "participants", "--token", registry.supplier.token)
    done = client(registry, *asked)
    assert done.returncode == 3 and "certificate" in done.stderr and "--cacert" in done.stderr
    done = client(registry, *asked, "--cacert", str(tmp_path / "nothing.pem"))
    assert done.returncode == 5 and "nothing.pem" in done.stderr
