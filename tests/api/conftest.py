"""One registry per module of stories, with the usual people; at the module's end the whole ledger is verified from outside
and from inside."""

import os

import pytest
from registry import BINARY, Registry


def pytest_report_header():
    return f"tallystick: {BINARY}"


def close(registry):
    """The last word of every story: the ledger verifies, the server ends well, the audit finds nothing."""
    if registry.process is None:
        return
    registry.verify()
    registry.stop()
    code, report = registry.audit()
    assert code == 0 and report["ok"] is True and report["findings"] == [], report
    registry.remove()


@pytest.fixture(scope="session", autouse=True)
def binary():
    assert os.access(BINARY, os.X_OK), f"{BINARY} is not there: build it, or name it in TALLYSTICK"


def serve_options(request):
    return getattr(request.module, "SERVE_OPTIONS", ())


@pytest.fixture(scope="module")
def registry(request, tmp_path_factory):
    """The module's own; SERVE_OPTIONS in the module are options of `serve`."""
    made = Registry(tmp_path_factory.mktemp("registry") / "ledger", options=serve_options(request))
    made.start()
    try:
        yield made.cast()
        close(made)
    finally:
        if made.process:
            made.kill()


@pytest.fixture
def fresh(request, tmp_path):
    """A registry of the story's own, for stories that restart, shift the clock or break things."""
    made = Registry(tmp_path / "ledger", options=serve_options(request))
    made.start()
    try:
        yield made.cast()
        close(made)
    finally:
        if made.process:
            made.kill()
