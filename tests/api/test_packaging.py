"""What a distributor asks: which libraries are inside, and what does an installation consist of."""

import json
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from contract import ROOT
from registry import BINARY, tallystick

RELEASE = not re.search(rb"__[at]san_init|__gcov_init", pathlib.Path(BINARY).read_bytes())
pytestmark = pytest.mark.skipif(not shutil.which("dpkg-query"), reason="not a Debian system")


def test_the_bill_of_materials_names_every_library_that_is_linked():
    run = subprocess.run([sys.executable, ROOT / "scripts" / "sbom.py", BINARY], capture_output=True, text=True, check=True)
    bill = json.loads(run.stdout)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    assert f"tallystick {bill['metadata']['component']['version']}" == tallystick("version").stdout.strip()
    needed = subprocess.run(["objdump", "-p", BINARY], capture_output=True, text=True, check=True).stdout
    soname = {re.sub(r"\.so.*", "", name) for name in re.findall(r"NEEDED +(\S+)", needed) if not name.startswith("ld-")}
    files = {re.sub(r"\.so.*", "", p["value"]) for c in bill["components"] for p in c["properties"] if p["name"] == "file"}
    assert {"libmicrohttpd", "libsqlite3", "libsodium", "libjansson", "libcurl"} <= soname
    assert {re.sub(r"[-0-9.]+$", "", name) for name in soname} <= {re.sub(r"[-0-9.]+$", "", name) for name in files}
    for component in bill["components"]:
        assert re.fullmatch(r"pkg:deb/debian/[^@]+@[^?]+\?arch=\w+", component["purl"])
        assert len(component["hashes"][0]["content"]) == 64
    refs = [component["bom-ref"] for component in bill["components"]]
    assert len(refs) == len(set(refs)) and bill["dependencies"][0]["dependsOn"] == refs


def test_the_version_is_one_everywhere():
    version = tallystick("version").stdout.split()[1]
    changelog = (ROOT / "scripts" / "debian" / "changelog").read_text(encoding="utf-8")
    assert changelog.startswith(f"tallystick ({version}) ")
    assert f'"Tallystick {version}"' in tallystick("help", "--man", "1").stdout


@pytest.mark.skipif(not RELEASE, reason="only the release build is hardened")
def test_the_program_is_hardened():
    """PIE, full RELRO, no executable stack, stack protector and fortified calls."""

    def readelf(*flags):
        return subprocess.run(["readelf", "-W", *flags, BINARY], capture_output=True, text=True, check=True).stdout

    assert re.search(r"Type:\s+DYN", readelf("-h"))
    headers = readelf("-l")
    assert "GNU_RELRO" in headers and re.search(r"GNU_STACK.* RW ", headers)
    dynamic = readelf("-d")
    assert "BIND_NOW" in dynamic and re.search(r"FLAGS_1.*\bPIE\b", dynamic)
    symbols = readelf("--dyn-syms")
    assert "__stack_chk_fail" in symbols and re.search(r"__\w+_chk\b", symbols.replace("__stack_chk_fail", ""))
