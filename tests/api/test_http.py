"""HTTP itself: methods, paths, types, framing, half-sent and slow requests. Each gets its own problem or a clean close, and the
server goes on."""

import socket
import threading

import jws
import pytest
from http_client import exchange, parse_answers

PATH = "/v1/receivables"
POST = f"POST {PATH} HTTP/1.1\nHost: x\nContent-Type: {jws.JOSE}\n"


@pytest.fixture(autouse=True)
def goes_on(registry):
    """After each of these the server still answers, and nothing was recorded."""
    before = registry.size()
    yield
    assert registry.get("/healthz").status == 200
    assert registry.size() == before


def raw(registry, text, body=b"", shut=True):
    data = text.replace("\n", "\r\n").encode("latin-1") + body
    return parse_answers(exchange(registry.port, data, shut))


# ---- methods, paths, types ----


@pytest.mark.parametrize(
    "method, path, allow",
    [
        ("POST", "/checkpoint", "GET, HEAD"), ("DELETE", "/v1/receivables", "GET, HEAD, POST"), ("PUT", "/v1/policy", "GET, HEAD, POST"),
        ("PATCH", "/v1/me", "GET, HEAD"), ("OPTIONS", "/v1/claims", "GET, HEAD"), ("GET", "/v1/sweeps", "POST"),
        ("GET", "/v1/receivables/x/confirm", "POST"), ("BREW", "/healthz", "GET, HEAD"), ("TRACE", "/v1/me", "GET, HEAD"),
    ],
)  # fmt: skip
def test_a_method_a_resource_does_not_take(registry, method, path, allow):
    answer = registry.request(method, path)
    answer.problem("method-not-allowed")
    assert answer.headers["allow"] == allow


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/", "/v2/receivables", "/v1/Receivables", "/v1/receivables/", "//v1/receivables", "/v1//receivables",
             "/v1/receivables/x/y", "/v1/receivables/x/confirm/", "/index.html", "/v1/receivables/x/split", "/.git/config",
             "/checkpoint/", "/v1/../checkpoint", "/v1/%72eceivables%2f"],
)  # fmt: skip
def test_a_path_that_leads_nowhere(registry, path):
    registry.http.request("GET", path).problem("not-found")


def test_head_is_get_without_a_body(registry):
    shown = registry.get("/checkpoint")
    head = registry.request("HEAD", "/checkpoint")
    assert head.status == 200 and head.body == b""
    assert head.headers["content-length"] == str(len(shown.body))


@pytest.mark.parametrize("kind", ["text/plain", "application/jose", "application/octet-stream", "multipart/form-data", "", "*/*"])
def test_a_content_type_a_resource_does_not_take(registry, kind):
    body = registry.supplier.sign(PATH, registry.invoice())
    registry.send(PATH, body, kind).problem("unsupported-media-type")


def test_a_body_without_content_type(registry):
    (answer,) = raw(registry, f"POST {PATH} HTTP/1.1\nHost: x\nContent-Length: 2\nConnection: close\n\n", b"{}")
    answer.problem("unsupported-media-type")


def test_an_invoice_file_type_belongs_to_submissions_only(registry):
    registry.send("/v1/policy", b"<x/>", "application/xml").problem("unsupported-media-type")


def test_a_compressed_body_is_not_taken(registry):
    headers = {"Content-Encoding": "gzip"}
    registry.send(PATH, b"\x1f\x8b\x08", jws.JOSE, headers).problem("unsupported-media-type")


def test_parameters_of_a_content_type_do_not_matter(registry):
    body = registry.supplier.sign(PATH, registry.invoice(), aud="elsewhere")
    registry.send(PATH, body, "Application/JOSE+JSON; charset=utf-8").problem("wrong-audience")


def test_a_target_that_is_too_long(registry):
    registry.http.request("GET", "/v1/receivables/" + "x" * 5000).problem("uri-too-long")
    registry.http.request("GET", "/v1/receivables?number=" + "x" * 20000).problem("uri-too-long")


def test_headers_that_are_too_many_or_too_long_are_refused(registry):
    for lines in ("X-A: " + "a" * 200_000 + "\n", "".join(f"X-{i}: {i}\n" for i in range(20_000))):
        data = f"GET /healthz HTTP/1.1\nHost: x\n{lines}\n".replace("\n", "\r\n").encode()
        received = exchange(registry.port, data, True)
        assert received == b"" or received.split(b" ")[1] in (b"400", b"413", b"431"), received[:200]


def test_headers_that_leave_no_room_for_the_answer_are_refused_before_anything_is_done(registry):
    """A command either gets its answer or does nothing. (What fits the connection's memory alone is closed without a word.)"""
    body = registry.supplier.sign(PATH, registry.invoice(), aud="elsewhere")
    line = f"{POST}Content-Length: {len(body)}\nConnection: close\nX-A: "
    seen = []
    for size in range(23_000, 24_700, 50):
        received = exchange(registry.port, f"{line}{'a' * (size - len(line) - 12)}\n\n".replace("\n", "\r\n").encode() + body)
        seen.append(parse_answers(received)[0].json["type"].rpartition(":")[2] if b"problem+json" in received else received[9:12].decode())
    order = ["wrong-audience", "headers-too-large", "", "431"]
    assert [kind for kind in order if kind in seen] == order and seen == sorted(seen, key=order.index), seen


def test_cookies_and_parameters_count_as_headers_do(registry):
    registry.http.request("GET", "/v1/receivables", headers={"Cookie": "a=b; " * 320}).problem("headers-too-large")
    two = f"GET /v1/receivables HTTP/1.1\nHost: x\nCookie: {'a' * 11_600}\nCookie: b\nConnection: close\n\n"
    raw(registry, two)[0].problem("headers-too-large")  # the library keeps a copy of the first
    registry.http.request("GET", "/v1/receivables?" + "a&" * 362).problem("headers-too-large")


# ---- framing ----


@pytest.mark.parametrize(
    "text, body",
    [
        ("nonsense\n\n", b""), ("GET\n\n", b""), ("GET /healthz\n\n", b""), ("GET /healthz HTTP/3.0\nHost: x\n\n", b""),
        ("GET healthz HTTP/1.1\nHost: x\nConnection: close\n\n", b""), ("\x00\x01\x02\x03\n\n", b""),
        ("GET /health\x00z HTTP/1.1\nHost: x\nConnection: close\n\n", b""),
        (f"{POST}Content-Length: abc\n\n", b"{}"),
        (f"{POST}Content-Length: -1\n\n", b"{}"),
        (f"{POST}Content-Length: 2\nContent-Length: 3\n\n", b"{}x"),
        (f"{POST}Content-Length: 2\nTransfer-Encoding: chunked\n\n", b"{}"),
        (f"{POST}Transfer-Encoding: gzip\n\n", b"{}"),
        (f"{POST}Transfer-Encoding: chunked\n\n", b"zz\r\n{}\r\n0\r\n\r\n"),
        (f"{POST}Transfer-Encoding: chunked\n\n", b"FFFFFFFFFFFFFFFFF\r\n{}"),
    ],
    ids=lambda x: repr(x)[:60],
)  # fmt: skip
def test_a_request_that_is_no_http_is_refused_or_closed(registry, text, body):
    data = text.replace("\n", "\r\n").encode("latin-1") + body
    received = exchange(registry.port, data, True)
    assert received == b"" or received.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4", b"HTTP/1.1 5")), received[:200]


def test_a_chunked_body_is_read_whole(registry):
    body = registry.supplier.sign(PATH, registry.invoice(), aud="elsewhere")
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[i : i + 7]), body[i : i + 7]) for i in range(0, len(body), 7)) + b"0\r\n\r\n"
    head = f"POST {PATH} HTTP/1.1\nHost: x\nContent-Type: {jws.JOSE}\nTransfer-Encoding: chunked\nConnection: close\n\n"
    (answer,) = raw(registry, head, chunks)
    answer.problem("wrong-audience")


def test_a_chunked_body_without_end_is_cut_off(registry):
    head = f"POST /v1/policy HTTP/1.1\r\nHost: x\r\nContent-Type: {jws.JOSE}\r\nTransfer-Encoding: chunked\r\n\r\n"
    data = head.encode() + b"10000\r\n" + b"x" * 65536 + b"\r\n" + b"10000\r\n" + b"x" * 65536 + b"\r\n0\r\n\r\n"
    (answer,) = parse_answers(exchange(registry.port, data, True))
    answer.problem("body-too-large")


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.5, 0.99])
def test_a_half_sent_body_records_nothing(registry, fraction):
    body = registry.supplier.sign(PATH, registry.invoice())
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {jws.JOSE}\r\nContent-Length: {len(body)}\r\n\r\n"
    received = exchange(registry.port, head.encode() + body[: int(len(body) * fraction)], True)
    assert received == b"" or received.startswith(b"HTTP/1.1 4")


def test_a_connection_dropped_after_the_command_was_sent_does_no_harm(registry):
    body = registry.supplier.sign(PATH, registry.invoice(), aud="elsewhere")
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {jws.JOSE}\r\nContent-Length: {len(body)}\r\n\r\n"
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", registry.port)) as sock:
            sock.sendall(head.encode() + body)


def test_many_requests_on_one_connection_are_answered_in_order(registry):
    paths = ["/healthz", "/checkpoint", "/nowhere", "/v1/me", "/v1/entries/0"] * 20
    data = "".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths[:-1])
    data += f"GET {paths[-1]} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answers = parse_answers(exchange(registry.port, data.encode()))
    assert [a.status for a in answers] == [200, 200, 404, 401, 200] * 20
    assert len({a.headers["x-request-id"] for a in answers}) == len(answers)


def test_slow_clients_do_not_hold_up_others(registry):
    """A hundred connections that say a little and then nothing."""
    idle = []
    try:
        for i in range(100):
            sock = socket.create_connection(("127.0.0.1", registry.port))
            sock.sendall(POST.replace("\n", "\r\n").encode()[: 10 + i % 80])
            idle.append(sock)
        for _ in range(50):
            assert registry.supplier.get("/v1/me").status == 200
    finally:
        for sock in idle:
            sock.close()


def test_two_hundred_connections_at_once_are_all_answered(registry):
    statuses, lock = [], threading.Lock()

    def ask():
        data = b"GET /checkpoint HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        (answer,) = parse_answers(exchange(registry.port, data))
        with lock:
            statuses.append(answer.status)

    threads = [threading.Thread(target=ask) for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 200


def test_expect_100_continue_is_answered(registry):
    body = registry.supplier.sign(PATH, registry.invoice(), aud="elsewhere")
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {jws.JOSE}\r\nContent-Length: {len(body)}\r\n"
    head += "Expect: 100-continue\r\nConnection: close\r\n\r\n"
    received = exchange(registry.port, head.encode() + body)
    final = received.split(b"HTTP/1.1 100 Continue\r\n\r\n")[-1]
    (answer,) = parse_answers(final)
    answer.problem("wrong-audience")


def test_a_problem_is_the_same_shape_everywhere(registry):
    for answer in (registry.get("/v1/me"), registry.http.request("GET", "/nowhere"), registry.request("PUT", "/v1/me")):
        problem = answer.json
        assert problem["title"] and problem["status"] == answer.status
        assert problem["type"].startswith("urn:tallystick:problem:")
        assert answer.headers["content-type"] == "application/problem+json"
