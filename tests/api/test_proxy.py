"""nginx with the very file of examples/proxy in front of the real server: only ports and paths are put in their place."""

import os
import shutil
import socket
import subprocess

import pytest
from certificates import Authority
from contract import ROOT
from http_client import TIMEOUT_S, HttpClient
from registry import Registry
from service_manager import ServiceManager

EXAMPLE = ROOT / "examples" / "proxy" / "tallystick.conf"
NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")

pytestmark = pytest.mark.skipif(not NGINX, reason="nginx is not installed")

AROUND = """daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/tallystick.conf;
}}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


class Proxy:
    """Listens first at a port of its own, then passes on to the registry."""

    def __init__(self, folder, upstream_port):
        self.folder, self.authority, self.port = folder, Authority(folder), free_port()
        chain, key, _ = self.authority.issue("proxy")
        (folder / "cache").mkdir()
        text = EXAMPLE.read_text()
        for old, new in {
            "server 127.0.0.1:8080;": f"server 127.0.0.1:{upstream_port};",
            "listen 443 ssl;": f"listen 127.0.0.1:{self.port} ssl;",
            "listen [::]:443 ssl;": "",
            "server_name registry.example.com;": "server_name localhost;",
            "/etc/ssl/tallystick/server.pem": str(chain),
            "/etc/ssl/tallystick/server.key": str(key),
            "/var/cache/nginx/tallystick": str(folder / "cache"),
        }.items():
            assert text.count(old) == 1, f"the example has {old!r} once"
            text = text.replace(old, new)
        (folder / "tallystick.conf").write_text(text)
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder))
        self.command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        done = subprocess.run([*self.command, "-t"], capture_output=True, text=True, timeout=TIMEOUT_S)
        assert done.returncode == 0, done.stderr
        self.process = subprocess.Popen(self.command)
        self.http = HttpClient(self.port, self.authority.context())
        while self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_S).close()
                break
            except ConnectionRefusedError:
                continue
        assert self.process.poll() is None, (folder / "error.log").read_text()

    def stop(self):
        self.http.close()
        self.process.terminate()
        self.process.wait(TIMEOUT_S)


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """The registry behind the proxy; its people go through the proxy."""
    folder = tmp_path_factory.mktemp("proxied")
    made = Registry(
        folder / "ledger",
        options=["--trusted-proxies", "127.0.0.1", "--log-addresses", "full"],
    )
    manager = ServiceManager(folder)
    manager.start(made)
    proxy = None
    try:
        proxy = Proxy(folder, made.port)
        made.proxy, made.direct = proxy, made.http
        made.http = proxy.http
        yield made.cast()
    finally:
        if proxy:
            proxy.stop()
        if made.process:
            made.kill()
        manager.close()


def test_a_claim_comes_to_be_through_the_proxy(registry):
    _, claim = registry.confirmed()
    assert registry.supplier.get(f"/v1/claims/{claim['id']}").ok()["id"] == claim["id"]


def test_the_client_s_scheme_is_known_behind_the_proxy(registry):
    assert registry.get("/healthz").headers["strict-transport-security"]
    assert "strict-transport-security" not in registry.direct.request("GET", "/healthz").headers


def test_the_request_id_is_the_proxy_s(registry):
    mine = "0123456789abcdef-mine"
    answer = registry.get("/healthz", **{"X-Request-Id": mine})
    assert len(answer.headers["x-request-id"]) == 32 and answer.headers["x-request-id"] != mine


def test_tiles_are_kept_by_the_proxy(registry):
    while registry.size() < 256:
        registry.registered()
    first = registry.get("/tile/0/000")
    assert first.status == 200
    again = registry.get("/tile/0/000")
    assert again.headers["x-cache-status"] == "HIT" and again.body == first.body
    assert "x-cache-status" not in registry.get("/checkpoint").headers, "what changes is asked for anew"


def test_bodies_as_large_as_the_registry_takes_pass(registry):
    answer = registry.send("/v1/receivables", b"{" + b" " * (11 << 20), content_type="application/json")
    assert answer.status in (400, 401)
    answer = registry.send("/v1/receivables", b" " * (13 << 20), content_type="application/json")
    answer.problem("body-too-large")


def test_where_the_proxy_answers_itself_it_answers_as_the_registry(registry):
    answer = registry.proxy.http.request("POST", "/v1/receivables", b" " * (17 << 20), {"Content-Type": "application/json"})
    answer.problem("body-too-large")
    assert answer.headers["content-type"] == "application/problem+json"
    assert registry.proxy.http.request("GET", "/metrics").status == 404


def lines_of(registry, request_id):
    return [line for line in registry.stderr().splitlines() if f'"request_id":"{request_id}"' in line]


def test_the_end_nobody_spoke_for_others_and_who_comes_later_shall_try_again(registry):
    """The log, whole once the registry has stopped, names the address that each request was taken to come from."""
    claims = {"X-Forwarded-For": "203.0.113.7", "X-Real-IP": "203.0.113.7", "Forwarded": "for=203.0.113.7"}
    spoofed = registry.get("/checkpoint", **claims).headers["x-request-id"]
    told = registry.direct.request("GET", "/checkpoint", headers={"X-Forwarded-For": "203.0.113.8"}).headers["x-request-id"]
    registry.verify()
    registry.direct.close()
    registry.stop()
    (line,) = lines_of(registry, spoofed)
    assert "203.0.113.7" not in line and '"address":"127.0.0.1"' in line
    (line,) = lines_of(registry, told)
    assert '"address":"203.0.113.8"' in line, "what the proxy itself says is believed"
    answer = registry.proxy.http.request("GET", "/checkpoint")
    answer.problem("stopping")
    assert answer.status == 503 and answer.headers["retry-after"] == "1"
    code, report = registry.audit()
    assert code == 0 and report["ok"], report
