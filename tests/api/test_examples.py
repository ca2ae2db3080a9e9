"""The example clients as an integrator runs them: the main job in each language, against the real server and against a liar."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest
from contract import ROOT
from demo import demo_registry, readme_script
from financing_world import World
from identifiers import uscc
from installed import install
from jws import Key, jwk_file
from liar import BENT, Liar, bending, change_disclosure, change_root, flip
from registry import SERIALS, Registry

CLIENTS = ROOT / "examples" / "clients"
REFUSED, USAGE, UNREACHABLE, UNVERIFIED = 1, 2, 3, 4
LOUD = "VERIFICATION FAILED"


# ---- how each is started ----


def curl_openssl(folder):
    return [CLIENTS / "curl-openssl" / "first-claim.sh"]


def python(folder):
    return ["/usr/bin/python3", CLIENTS / "python" / "first_claim.py"]


def on_libtallystick(folder):
    """Built against an installed library, as its Makefile says."""
    library = install(PREFIX=folder)
    done = subprocess.run(["make", "-C", CLIENTS / "c", f"OUT={folder}"], capture_output=True, text=True, env=library.build_env)
    assert done.returncode == 0, done.stderr
    return ["env", f"LD_LIBRARY_PATH={library.libdir}", folder / "first-claim"]


def node(folder):
    """With what npm fetches for its lock file."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed")
    home = folder / "node"
    shutil.copytree(CLIENTS / "node", home, ignore=shutil.ignore_patterns("node_modules"))
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=home, capture_output=True, text=True, timeout=120
    )
    if done.returncode != 0:
        pytest.skip("the npm package jose cannot be fetched here")
    return ["node", home / "first-claim.mjs"]


PROGRAMS = {"c": on_libtallystick, "curl-openssl": curl_openssl, "node": node, "python": python}


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request, tmp_path_factory):
    return [str(word) for word in PROGRAMS[request.param](tmp_path_factory.mktemp(request.param))]


class Company:
    """A participant with a terminal: a key of its own, a folder for its client's state."""

    def __init__(self, registry, program, home, key, url=None):
        self.registry, self.program, self.home = registry, program, pathlib.Path(home)
        self.state = self.home / "state"
        self.env = {
            "PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", "TALLYSTICK_VKEY": registry.vkey,
            "TALLYSTICK_URL": url or f"http://127.0.0.1:{registry.port}", "TALLYSTICK_KEY": str(key),
            "TALLYSTICK_STATE": str(self.state), "TALLYSTICK_ATTEMPTS": "2",
        }  # fmt: skip
        self.env.update({name: os.environ[name] for name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ})

    def run(self, *words, **env):
        return subprocess.run(
            [*self.program, *map(str, words)], capture_output=True, text=True, timeout=120, env={**self.env, **env}, cwd=self.home
        )

    def does(self, *words, code=0, **env):
        """(what it printed, what it told) of a run that must end with that exit code."""
        done = self.run(*words, **env)
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        assert code == 0 or not done.stdout, "what failed prints nothing that a program could take for an answer"
        return done.stdout.strip(), done.stderr

    def invoice(self, **members):
        """A file with a fresh invoice on the debtor."""
        payload = self.registry.invoice(days=90, **members)
        del payload["invoice"]["seller"]
        path = self.home / f"{payload['invoice']['number']}.json"
        path.write_text(json.dumps(payload))
        return path

    @property
    def outbox(self):
        return list((self.state / "outbox").iterdir())


@pytest.fixture(scope="module")
def bank(registry):
    """A lender whose program takes the stories' claims."""
    World(registry).program()
    return registry.lender


@pytest.fixture(scope="module")
def liar(registry):
    made = Liar(registry.port)
    yield made
    made.close()


@pytest.fixture
def supplier(registry, program, liar, tmp_path):
    """The registry's supplier, whose client talks to the liar; honest until told otherwise."""
    liar.honest()
    made = Company(registry, program, tmp_path, jwk_file(tmp_path / "supplier.jwk", registry.supplier.key), liar.url)
    made.env["TALLYSTICK_TOKEN"] = registry.supplier.token
    return made


# ---- the main job ----


def test_from_a_new_key_to_a_financed_claim(registry, program, bank, tmp_path):
    operator = Company(registry, program, tmp_path, registry.directory / "keys" / "operator.jwk")
    seller = Company(registry, program, tmp_path, tmp_path / "seller.jwk")
    buyer = Company(registry, program, tmp_path, jwk_file(tmp_path / "buyer.jwk", registry.debtor.key))

    public, _ = seller.does("keygen", seller.env["TALLYSTICK_KEY"])
    assert (tmp_path / "seller.jwk").stat().st_mode & 0o777 == 0o600
    identity, _ = operator.does("register", "Übermorgen 未来 GmbH", "supplier", f"uscc={uscc(next(SERIALS))}", public)
    assert registry.operator.get(f"/v1/participants/{identity}").ok()["name"] == "Übermorgen 未来 GmbH"
    seller.env["TALLYSTICK_TOKEN"], _ = seller.does("token", identity)

    receivable, told = seller.does("submit", seller.invoice())
    assert "receivable.registered" in told and "review: pass; 19 of 19 checks" in told
    claim, told = buyer.does("confirm", receivable)
    assert "claim.accepted" in told
    offer, told = seller.does("ask", claim, "my account, 我的账户")
    assert "offer.made" in told
    financing, told = seller.does("accept", offer)
    assert "my account, 我的账户" in told

    shown, told = seller.does("claim", claim)
    assert json.loads(shown)["financing"] == financing and json.loads(shown)["encumbrance"] == "reserved"
    assert [line for line in ("receivable.registered", "claim.accepted", "financing.accepted") if line not in told] == []
    size, _ = seller.does("verify")
    assert int(size) == registry.size()
    assert seller.outbox == [] and len(list((seller.state / "receipts").iterdir())) == 6
    for receipt in (seller.state / "receipts").iterdir():
        registry.check_receipts({"receipt": json.loads(receipt.read_text())}, None)
    registry.registered()
    assert int(seller.does("verify")[0]) == registry.size()


def test_a_public_key_may_begin_with_a_hyphen(registry, program, tmp_path):
    """One in 64 does."""
    operator = Company(registry, program, tmp_path, registry.directory / "keys" / "operator.jwk")
    public = next(key.public for key in iter(Key, None) if key.public.startswith("-"))
    identity, _ = operator.does("register", "Bindestrich GmbH", "supplier", f"uscc={uscc(next(SERIALS))}", public)
    assert registry.operator.get(f"/v1/participants/{identity}").ok()["name"] == "Bindestrich GmbH"


def test_an_invoice_file_is_signed_as_it_is(registry, supplier, tmp_path):
    """The buyer of the example is made known, so that the file's own words find both."""
    number = f"XML-{next(registry.serial)}"
    text = (ROOT / "examples/invoices/ubl/suzhou-huadong.xml").read_text()
    text = text.replace("26322000001837465021", number)
    for known, actual in (("91310000132207185Y", registry.debtor), ("91320594MA1WJ4QX8P", registry.supplier)):
        text = text.replace(known, actual.identifiers["uscc"])
    (tmp_path / "invoice.xml").write_text(text)
    receivable, _ = supplier.does("submit", tmp_path / "invoice.xml")
    assert registry.supplier.receivable(receivable)["invoice"] == {
        **registry.supplier.receivable(receivable)["invoice"], "number": number, "format": "ubl"
    }  # fmt: skip


def test_a_submission_that_is_held_says_why(supplier):
    path = supplier.invoice()
    supplier.does("submit", path)
    similar = json.loads(path.read_text())
    similar["invoice"]["number"] = similar["invoice"]["number"].replace("-", "/")
    path.write_text(json.dumps(similar))
    receivable, told = supplier.does("submit", path)
    assert receivable and "receivable.held" in told and "hold: invoice_similar at /invoice/number: Another" in told


def test_no_lock_file_names_a_host():
    lock = json.loads((CLIENTS / "node" / "package-lock.json").read_text())
    assert lock["packages"]["node_modules/jose"]["integrity"] and "http" not in json.dumps(lock)


def test_a_refusal_names_field_and_rule(registry, supplier, tmp_path):
    path = supplier.invoice(gross="1234.567")
    with registry.unchanged():
        _, told = supplier.does("submit", path, code=REFUSED)
    assert "invalid-fields" in told and "at /invoice/gross_amount:" in told
    assert supplier.outbox == [], "a refusal is an answer: nothing is left to send"
    _, told = supplier.does("confirm", "01890000-0000-7000-8000-000000000000", code=REFUSED)
    assert "not-found" in told


def test_a_rejected_invoice_says_why_and_proves_it(supplier):
    path = supplier.invoice()
    supplier.does("submit", path)
    kept = len(list((supplier.state / "receipts").iterdir()))
    _, told = supplier.does("submit", path, code=REFUSED)
    assert "gateway-rejected" in told and "invoice_unused at /invoice/number:" in told
    assert len(list((supplier.state / "receipts").iterdir())) == kept + 1


def test_what_cannot_be_run_says_what_is_missing(supplier):
    assert supplier.run().returncode == USAGE
    assert supplier.run("submit").returncode == USAGE
    assert supplier.run("submit", "no-such-file.json").returncode not in (0, REFUSED, UNVERIFIED)
    before = (supplier.home / "supplier.jwk").read_bytes()
    assert supplier.run("keygen", supplier.home / "supplier.jwk").returncode not in (0, REFUSED, UNVERIFIED)
    assert (supplier.home / "supplier.jwk").read_bytes() == before, "no key is written over another"


# ---- what the READMEs say ----


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    with demo_registry(tmp_path_factory.mktemp("demo")) as printed:
        yield printed


def test_the_readme_of_a_client_is_true(demo, program, request, tmp_path):
    folder = CLIENTS / request.node.callspec.params["program"]
    filled = [
        ("http://127.0.0.1:8080", demo["url"]), ("TALLYSTICK_VKEY='\u2026'", f"TALLYSTICK_VKEY='{demo['vkey']}'"),
        ("OPERATOR=\u2026", f"OPERATOR='{demo['key operator']}'"), ("BUYER=\u2026", f"BUYER='{demo['key core_enterprise']}'"),
        ("DE136695976", f"DE{next(SERIALS)}"), ("WW-2026-0815", f"WW-{next(SERIALS)}-{folder.name}"), ("C=examples/", f"C={ROOT}/examples/"),
    ]  # fmt: skip
    env = {**os.environ, "TALLYSTICK_CLOCK_OFFSET": demo.get("clock offset", "0")}
    if folder.name == "node":  # the modules are beside the copy that the stories run
        filled += [("npm ci --prefix", "true"), (f"C={ROOT}/examples/clients/node/first-claim.mjs", f"C='{' '.join(program)}'")]
    if folder.name == "c":  # the README installs for all users; here it is installed already, and elsewhere
        filled += [(words, "true") for words in ("sudo make install", "sudo ldconfig", "make -C examples/clients/c")]
        filled.append((f"C={ROOT}/examples/clients/c/first-claim", f"C='{' '.join(program)}'"))
    script = readme_script(folder / "README.md", filled)
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=200, env=env, cwd=tmp_path)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "financing.accepted" in done.stderr and '"encumbrance":"reserved"' in done.stdout.replace(" ", ""), (done.stdout, done.stderr)


# ---- the way there and back ----


def submissions(liar):
    return [body for method, path, body in liar.asked if path == "/v1/receivables"]


def test_an_answer_lost_on_the_way_is_asked_for_again_with_the_same_bytes(registry, supplier, liar):
    liar.meet = lambda method, path, n: "swallow" if method == "POST" and n == 1 else None
    path = supplier.invoice()
    with registry.grows(1):
        receivable, _ = supplier.does("submit", path)
    assert len(submissions(liar)) == 2 and len(set(submissions(liar))) == 1
    assert registry.supplier.receivable(receivable)["life"] == "registered"


def test_after_a_crash_the_same_call_gets_the_answer_that_was_lost(registry, supplier, liar):
    liar.meet = lambda method, path, n: "swallow" if method == "POST" else None
    path = supplier.invoice()
    with registry.grows(1):
        supplier.does("submit", path, code=UNREACHABLE)
        assert len(supplier.outbox) == 1, "what was signed is kept"
        liar.meet = lambda method, path, n: None
        receivable, told = supplier.does("submit", path)
    assert "receivable.registered" in told and len(set(submissions(liar))) == 1 and supplier.outbox == []


def test_a_busy_registry_is_asked_again_when_it_says(registry, supplier, liar):
    liar.meet = lambda method, path, n: (503 if n == 1 else 429, {"Retry-After": "1"}) if method == "POST" and n < 3 else None
    with registry.grows(1):
        supplier.does("submit", supplier.invoice(), TALLYSTICK_ATTEMPTS="3")
    assert len(submissions(liar)) == 3 and len(set(submissions(liar))) == 1


def test_one_that_asks_for_an_hour_is_not_waited_for(registry, supplier, liar):
    liar.meet = lambda method, path, n: (503, {"Retry-After": "3600"})
    with registry.unchanged():
        supplier.does("submit", supplier.invoice(), code=UNREACHABLE)
    assert len(submissions(liar)) == 1 and len(supplier.outbox) == 1


def test_what_was_kept_too_long_to_be_taken_is_signed_anew(registry, supplier, liar):
    liar.meet = lambda method, path, n: "drop" if method == "POST" else None
    path = supplier.invoice()
    supplier.does("submit", path, code=UNREACHABLE, TALLYSTICK_CLOCK_OFFSET="-1000")
    liar.honest()
    with registry.grows(1):
        supplier.does("submit", path)
    assert len(set(submissions(liar))) == 2 and supplier.outbox == []


def test_a_command_that_is_stale_at_once_is_refused_without_end_of_trying(registry, supplier, liar):
    with registry.unchanged():
        _, told = supplier.does("submit", supplier.invoice(), code=REFUSED, TALLYSTICK_CLOCK_OFFSET="-1000")
    assert "stale-command" in told and len(submissions(liar)) == 1


def test_nothing_is_sent_on_to_where_a_redirect_points(registry, supplier, liar):
    elsewhere = Liar(registry.port)
    liar.meet = lambda method, path, n: (307, {"Location": elsewhere.url + path})
    try:
        supplier.does("submit", supplier.invoice(), code=UNREACHABLE)
        assert supplier.run("claim", "01890000-0000-7000-8000-000000000000").returncode != 0
        assert elsewhere.asked == []
    finally:
        elsewhere.close()


def test_a_page_of_a_proxy_is_no_answer(registry, supplier, liar):
    liar.meet = lambda method, path, n: (403, {"Content-Type": "text/html"}, b"<html>Please log in.</html>")
    path = supplier.invoice()
    with registry.unchanged():
        supplier.does("submit", path, code=UNREACHABLE)
    assert len(supplier.outbox) == 1
    liar.honest()
    supplier.does("submit", path)
    assert supplier.outbox == []


def test_nobody_answering(supplier):
    _, told = supplier.does("submit", supplier.invoice(), code=UNREACHABLE, TALLYSTICK_URL="http://127.0.0.1:1")
    assert told and len(supplier.outbox) == 1


# ---- a server that lies ----


@pytest.mark.parametrize("change", BENT, ids=lambda change: change.__name__)
def test_a_receipt_that_was_changed_fails_loudly(registry, supplier, liar, change):
    registry.registered()
    liar.bend = bending(change)
    path = supplier.invoice()
    _, told = supplier.does("submit", path, code=UNVERIFIED)
    assert LOUD in told
    assert len(supplier.outbox) == 1, "what was signed is kept until an answer to it holds"
    assert not list((supplier.state / "receipts").iterdir())
    liar.honest()
    supplier.does("submit", path)


def test_a_receipt_of_another_command_is_none_of_this_one(registry, supplier, liar):
    other = registry.supplier.submit(registry.invoice()).ok(201)

    def bend(path, body):
        return json.dumps({**json.loads(body), "receipt": other["receipt"]}).encode() if path == "/v1/receivables" else body

    liar.bend = bend
    _, told = supplier.does("submit", supplier.invoice(), code=UNVERIFIED)
    assert LOUD in told


def test_an_answer_without_a_receipt_is_not_believed(supplier, liar):
    liar.bend = lambda path, body: json.dumps({"receivable": json.loads(body)["receivable"]}).encode()
    _, told = supplier.does("submit", supplier.invoice(), code=UNVERIFIED)
    assert LOUD in told


@pytest.mark.parametrize("body", [b"[]", b"7", b'{"results": []}', b'{"results": [7]}', b'{"results": [{}]}', b'{"receipt": 7}', b"<html>"])
def test_what_proves_nothing_is_no_answer(supplier, liar, body):
    liar.bend = lambda path, true: body if path == "/v1/receivables" else true
    done = supplier.run("submit", supplier.invoice())
    assert done.returncode in (UNREACHABLE, UNVERIFIED) and not done.stdout and "Traceback" not in done.stderr, (done.stdout, done.stderr)
    assert len(supplier.outbox) == 1


def test_a_rejection_must_be_proven_as_well(supplier, liar):
    path = supplier.invoice()
    supplier.does("submit", path)
    liar.bend = bending(change_root)
    _, told = supplier.does("submit", path, code=UNVERIFIED)
    assert LOUD in told


def test_another_registry_that_takes_its_place_is_found_out(registry, supplier, tmp_path):
    """It has the same name and answers the same, but under a key of its own."""
    other = Registry(tmp_path / "other", registry.origin)
    other.start()
    try:
        seller = other.register("Impostor's customer", ["supplier"], key=registry.supplier.key)
        buyer = other.register("Its debtor", ["core_enterprise"])
        path = tmp_path / "invoice.json"
        path.write_text(json.dumps(other.invoice(seller=seller, buyer=buyer)))
        url = f"http://127.0.0.1:{other.port}"
        assert LOUD in supplier.does("submit", path, code=UNVERIFIED, TALLYSTICK_URL=url)[1]
        assert LOUD in supplier.does("verify", code=UNVERIFIED, TALLYSTICK_URL=url)[1]
    finally:
        other.stop()


def test_an_offer_is_what_its_own_entry_says(registry, supplier, bank, liar):
    """The answer promises more than the lender is bound by; then the offer's entry is forged as well."""
    _, claim = registry.confirmed(days=90)
    offered = []

    def promise(path, body):
        if path == "/v1/financing_requests":
            answer = json.loads(body)
            offered.extend(dict(offer) for offer in answer["offers"])
            answer["offers"][0]["net_amount"] = "999999.00"
            return json.dumps(answer).encode()
        return body

    liar.bend = promise
    offer, told = supplier.does("ask", claim["id"], "my account")
    assert offer == offered[0]["id"] and f"= {offered[0]['net_amount'].replace('.', '')} minor units" in told

    _, claim = registry.confirmed(days=90)

    def forge(path, body):
        if path.startswith("/v1/entries/") and not path.endswith("/proof"):
            entry = json.loads(body)
            change_disclosure(entry)
            return json.dumps(entry).encode()
        return body

    liar.bend = forge
    _, told = supplier.does("ask", claim["id"], "my account", code=UNVERIFIED)
    assert LOUD in told


def test_a_claim_is_shown_only_if_all_its_entries_hold(registry, supplier, liar):
    _, claim = registry.confirmed()

    def bend(path, body):
        if path.endswith("/certificate"):
            certificate = json.loads(body)
            change_disclosure(certificate["entries"][0])
            return json.dumps(certificate).encode()
        return body

    liar.bend = bend
    _, told = supplier.does("claim", claim["id"], code=UNVERIFIED)
    assert LOUD in told


def test_a_ledger_that_goes_back_in_time_is_found(registry, supplier, liar):
    old = registry.get("/checkpoint").body
    registry.registered()
    supplier.does("verify")
    liar.bend = lambda path, body: old if path == "/checkpoint" else body
    _, told = supplier.does("verify", code=UNVERIFIED)
    assert LOUD in told
    liar.honest()
    registry.registered()
    supplier.does("verify")


def test_a_history_that_does_not_continue_what_was_seen_is_found(registry, supplier, liar):
    supplier.does("verify")
    registry.registered()

    def bend(path, body):  # the proof, or for who makes it from the tree itself the leaves
        if path.startswith("/tile/0/"):
            return bytes(byte ^ 1 for byte in body)
        if not path.startswith("/v1/consistency"):
            return body
        answer = json.loads(body)
        answer["hashes"][0] = flip(answer["hashes"][0])
        return json.dumps(answer).encode()

    liar.bend = bend
    _, told = supplier.does("verify", code=UNVERIFIED)
    assert LOUD in told and "history was changed" in told


def test_a_receipt_of_a_history_that_was_rewritten_since_is_found(registry, program, tmp_path):
    """The operator restores a backup, head file and all, and goes on: two histories under one key."""
    own = Registry(tmp_path / "ledger")
    own.start()
    own.cast()
    own.stop()
    shutil.copytree(own.directory, tmp_path / "backup")
    own.start()
    supplier = Company(own, program, tmp_path, jwk_file(tmp_path / "supplier.jwk", own.supplier.key))
    supplier.does("submit", supplier.invoice())
    own.stop()
    shutil.rmtree(own.directory)
    shutil.copytree(tmp_path / "backup", own.directory)
    own.seen.clear()
    own.entries.clear()
    own.start()
    try:
        own.registered()
        own.registered()
        _, told = supplier.does("verify", code=UNVERIFIED, TALLYSTICK_URL=f"http://127.0.0.1:{own.port}")
        assert LOUD in told
    finally:
        own.stop()
