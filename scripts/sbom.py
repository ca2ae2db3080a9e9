"""The program's bill of materials as CycloneDX 1.5 JSON: itself, and every shared library that the dynamic linker loads with it, each
with the Debian package it comes from, version, licences and SHA-256.

    scripts/sbom.py PROGRAM >tallystick.cdx.json

Needs ldd, dpkg and the packages' copyright files. The same program on the same system gives the same bytes.
"""

import datetime
import hashlib
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import urllib.parse
import uuid


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def libraries(program):
    """Paths of what is loaded with it, directly or through others."""
    found = re.findall(r"=> (/\S+)|^\s*(/\S+) \(", run("ldd", str(program)), re.M)
    return sorted({os.path.realpath(one or other) for one, other in found})


def package_of(path):
    """Package, version and architecture that the file belongs to; dpkg knows merged /usr paths by either name."""
    for name in (path, path.removeprefix("/usr")):
        owner = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True)
        if owner.returncode == 0:
            package = owner.stdout.split(": ")[0].split(",")[0]
            return run("dpkg-query", "-W", "-f=${Package} ${Version} ${Architecture} ${source:Package}", package).split(" ")
    sys.exit(f"sbom: no package owns {path}")


def licences(package):
    """The short names in the package's copyright file, if it is machine-readable (DEP 5)."""
    path = pathlib.Path("/usr/share/doc") / package / "copyright"
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    if "Format:" not in text[:400]:
        return []
    return sorted({" ".join(name.split()) for name in re.findall(r"^License:[ \t]*(\S.*)$", text, re.M)})


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def library_component(path):
    package, version, architecture, source = package_of(path)
    purl = f"pkg:deb/debian/{package}@{urllib.parse.quote(version, safe='')}?arch={architecture}"
    component = {
        "type": "library",
        "bom-ref": f"{purl}#{os.path.basename(path)}",
        "name": package,
        "version": version,
        "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": sha256(path)}],
        "properties": [{"name": "file", "value": os.path.basename(path)}, {"name": "debian:source", "value": source}],
    }
    named = licences(package)
    if named:
        component["licenses"] = [{"license": {"name": name}} for name in named]
    return component


def bill(program):
    version = run(str(program), "version").split()[-1]
    digest = sha256(program)
    itself = {
        "type": "application",
        "bom-ref": "tallystick",
        "name": "tallystick",
        "version": version,
        "licenses": [{"license": {"id": "MIT"}}],
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }
    components = [library_component(path) for path in libraries(program)]
    metadata = {
        "component": itself,
        "properties": [{"name": "system", "value": platform.freedesktop_os_release()["PRETTY_NAME"]}],
    }
    if "SOURCE_DATE_EPOCH" in os.environ:
        made = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
        metadata["timestamp"] = made.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}",
        "version": 1,
        "metadata": metadata,
        "components": components,
        "dependencies": [
            {"ref": "tallystick", "dependsOn": [component["bom-ref"] for component in components]},
            *({"ref": component["bom-ref"]} for component in components),
        ],
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    json.dump(bill(pathlib.Path(sys.argv[1])), sys.stdout, indent=2, ensure_ascii=False)
    print()
