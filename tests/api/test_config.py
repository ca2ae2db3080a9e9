"""The settings of the server: server.json and flags, and everything that is refused in them."""

import json
import shutil

import pytest
from certificates import Authority
from contract import ROOT
from registry import Registry, tallystick

EXAMPLE = ROOT / "examples" / "config" / "server.json"


@pytest.fixture
def folder(tmp_path):
    """A registry that does not run."""
    return Registry(tmp_path / "ledger").directory


def check(folder, *flags):
    return tallystick("serve", folder, "--check-config", *flags)


def refused(folder, code, *sentences, flags=()):
    done = check(folder, *flags)
    assert done.returncode == code, done.stderr
    for sentence in sentences:
        assert sentence in done.stderr
    return done.stderr


def write(folder, settings):
    path = folder / "server.json"
    path.write_text(settings if isinstance(settings, str) else json.dumps(settings))
    return path


def test_without_a_file_the_defaults_are_good(folder):
    assert check(folder).stdout == "the configuration is good\n"


def test_the_example_is_good(folder, tmp_path):
    """With a certificate beside it, as it says."""
    for source, name in ((EXAMPLE, "server.json"), *zip(Authority(tmp_path).issue()[:2], ("server.pem", "server.key"))):
        shutil.copy(source, folder / name)
    assert check(folder).stdout == "the configuration is good\n"


def test_the_example_shows_every_setting(folder):
    done = tallystick("help", "serve")
    flags = {line.split()[0][2:] for line in done.stdout.partition("Options:")[2].partition("Common")[0].splitlines() if line.startswith("  --")}
    shown = {name.replace("_", "-") for name in json.loads(EXAMPLE.read_text())}
    assert flags - shown <= {"config", "check-config"}


def test_an_unknown_setting_is_told_in_whole_characters(folder):
    path = write(folder, {"x" + "契" * 40: 3})
    refused(folder, 5, f'{path}: there is no setting "x{"契" * 20}…".')


def test_every_fault_of_a_file_is_told_with_file_setting_and_rule(folder):
    path = write(folder, {"threads": 257, "idle_ms": "soon", "webhooks_private": 1, "listen": "127.0.0.1:1", "colour": 3})
    refused(
        folder,
        5,
        f"{path}: threads must be from 0 to 256.",
        f"{path}: idle_ms must be a whole number.",
        f"{path}: webhooks_private must be true or false.",
        f"{path}: listen must be a list of texts.",
        f'{path}: there is no setting "colour".',
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "server.json: "),
        ("[]", "must hold one JSON object."),
        ('{"threads": 2, "threads": 3}', "duplicate object key"),
        ('{"threads": 2} {}', "server.json: "),
        ('{"threads": 2.0}', "threads must be a whole number."),
        ('{"threads": null}', "threads must be a whole number."),
        ('{"listen": []}', "listen must hold from 1 to 16 items."),
        ('{"listen": ["127.0.0.1:1", 2]}', "listen must be a list of texts."),
        ('{"listen": ["127.0.0.1:65536"]}', "listen must be an address and a port"),
        ('{"listen": ["127.0.0.1"]}', "listen must be an address and a port"),
        pytest.param(" " * 300_000, "is longer than 262144 bytes.", id="too long"),
    ],
)
def test_a_file_that_is_not_settings_is_refused(folder, text, sentence):
    write(folder, text)
    refused(folder, 5, sentence)


def test_a_file_that_is_named_must_be_there(folder, tmp_path):
    refused(folder, 5, "nothing.json cannot be read", flags=["--config", tmp_path / "nothing.json"])


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--threads", "257"], "--threads must be from 0 to 256."),
        (["--threads", "-1"], '--threads must be a whole number, not "-1".'),
        (["--threads", "9" * 30], "--threads must be a whole number"),
        (["--listen", "8080"], "--listen must be an address and a port"),
        (["--listen", ","], "--listen must hold text"),
    ],
)
def test_a_flag_that_is_wrong_is_refused(folder, flags, sentence):
    refused(folder, 2, sentence, flags=flags)


def test_a_flag_wins_over_the_file_but_does_not_excuse_it(folder):
    write(folder, {"connections_max": 20000})
    refused(folder, 5, "connections_max must be from 1 to 16384.", flags=["--connections-max", "5"])


def test_a_server_does_not_start_on_settings_that_are_refused(folder):
    write(folder, {"idle_ms": 1})
    done = tallystick("serve", folder, "--listen", "127.0.0.1:0")
    assert done.returncode == 5 and "idle_ms must be from 100 to 3600000." in done.stderr
    assert "listening" not in done.stdout


def test_the_server_listens_where_the_file_says(tmp_path):
    registry = Registry(tmp_path / "ledger")
    write(registry.directory, {"listen": ["127.0.0.1:0"], "threads": 1})
    registry.start()
    try:
        assert registry.get("/healthz").ok()["status"] == "ok"
    finally:
        registry.stop()
