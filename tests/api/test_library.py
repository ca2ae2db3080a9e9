"""libtallystick as it is installed: what packagers get, and what compilers and linkers of other people's programs see of it."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from bearer import register
from installed import FLAGS, install
from jws import jwk_file

VERSION = "0.1.0"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    return install(PREFIX=tmp_path_factory.mktemp("installed"))


def declared(installed):
    text = (installed.prefix / "include" / "tallystick.h").read_text()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return set(re.findall(r"TALLYSTICK_API[^;]*?\b(tallystick_\w+)\(", text))


def symbols(*words):
    done = subprocess.run(["nm", *words], capture_output=True, text=True, check=True)
    return {line.split()[-1].partition("@")[0] for line in done.stdout.splitlines() if len(line.split()) == 3}


def test_the_shared_library_shows_what_the_header_declares_and_nothing_else(installed):
    shown = symbols("-D", "--defined-only", installed.libdir / "libtallystick.so") - {"TALLYSTICK_0"}
    assert len(declared(installed)) > 30 and shown == declared(installed)


def test_the_static_library_shows_the_same(installed):
    shown = symbols("-g", "--defined-only", installed.libdir / "libtallystick.a")
    ours = {name for name in shown if not name.startswith(("__asan", "__odr_asan", "__ubsan", "__tsan"))}
    assert ours == declared(installed)


def test_its_name_is_versioned(installed):
    done = subprocess.run(["readelf", "-d", installed.libdir / "libtallystick.so"], capture_output=True, text=True, check=True)
    assert "Library soname: [libtallystick.so.0]" in done.stdout
    assert (installed.libdir / "libtallystick.so").resolve().name == f"libtallystick.so.{VERSION}"
    assert installed.pkg_config("--modversion") == [VERSION]


@pytest.mark.parametrize("compiler, options", [("gcc", "-std=c99 -x c"), ("gcc", "-std=c17 -x c"), ("g++", "-std=c++17 -x c++")])
def test_the_header_compiles_alone(installed, compiler, options):
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    words = [compiler, *options.split(), "-Wall", "-Wextra", "-Wpedantic", "-Werror", *installed.pkg_config("--cflags"), "-fsyntax-only", "-"]
    done = subprocess.run(words, input="#include <tallystick.h>\n", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


PROGRAM = """
#include <tallystick.h>
#include <stdio.h>
#include <string.h>
int main(void)
{
    tallystick *t;
    if (tallystick_open("http://127.0.0.1:1", "not a vkey", &t) != TALLYSTICK_USAGE || !*tallystick_message(t))
        return 1;
    tallystick_close(t);
    puts(tallystick_version());
    return 0;
}
"""


@pytest.mark.parametrize("static", [False, True], ids=["shared", "static"])
def test_a_program_is_built_with_pkg_config_alone(installed, tmp_path, static):
    source, program = tmp_path / "program.c", tmp_path / "program"
    source.write_text(PROGRAM)
    libs = installed.pkg_config("--libs")
    if static:  # this library's archive, and what it says that it stands on, as the system has it
        libs = ["-l:libtallystick.a" if word == "-ltallystick" else word for word in libs]
        below = installed.pkg_config("--print-requires-private")
        libs += subprocess.run(["pkg-config", "--libs", *below], capture_output=True, text=True, check=True).stdout.split()
        libs += re.search(r"^Libs.private: (.*)$", (installed.libdir / "pkgconfig" / "tallystick.pc").read_text(), re.M)[1].split()
    done = subprocess.run(
        ["gcc", "-Wall", "-Werror", *FLAGS.split(), *installed.pkg_config("--cflags"), source, "-o", program, *libs],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    done = subprocess.run([program], capture_output=True, text=True, env={"LD_LIBRARY_PATH": "" if static else str(installed.libdir)})
    assert (done.returncode, done.stdout.strip()) == (0, VERSION), done.stderr


def test_what_else_it_does_for_a_program(registry, installed, tmp_path):
    """library_calls.c: commands in two steps, by token, wrong calls, several threads."""
    program = tmp_path / "library_calls"
    source = pathlib.Path(__file__).with_name("library_calls.c")
    words = ["gcc", "-Wall", "-Wextra", "-Werror", "-g", "-D_GNU_SOURCE", "-pthread", *FLAGS.split(), *installed.pkg_config("--cflags"), source]
    done = subprocess.run([*words, "-o", program, *installed.pkg_config("--libs")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    small = register(registry, "Corner Workshop", ["supplier"], ["read", "submit"])
    given = [
        f"http://127.0.0.1:{registry.port}", registry.vkey, jwk_file(tmp_path / "key.jwk", registry.supplier.key), tmp_path / "state",
        registry.supplier.token, small.token, json.dumps(registry.invoice()), json.dumps(registry.invoice(seller=small)),
    ]  # fmt: skip
    with registry.grows(3):  # two invoices and the rejection of one of them
        done = subprocess.run(
            [program, *map(str, given)], capture_output=True, text=True, timeout=120, env={**os.environ, "LD_LIBRARY_PATH": str(installed.libdir)}
        )
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr[-4000:])
    signed, custody, refused, last = done.stdout.splitlines()
    assert registry.supplier.receivable(signed.split()[1])["life"] == "registered"
    assert custody == "custody true" and refused == "refused gateway-rejected invoice_unused /invoice/number" and last == "all"


def test_packagers_stage_it_for_another_root(tmp_path):
    install(DESTDIR=tmp_path, PREFIX="/usr", LIBDIR="/usr/lib/x86_64-linux-gnu")
    staged = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if not path.is_dir()}
    libraries = "usr/lib/x86_64-linux-gnu"
    assert staged >= {
        "usr/bin/tallystick", "usr/include/tallystick.h", f"{libraries}/libtallystick.a", f"{libraries}/libtallystick.so",
        f"{libraries}/libtallystick.so.0", f"{libraries}/libtallystick.so.{VERSION}", f"{libraries}/pkgconfig/tallystick.pc",
    }  # fmt: skip
    text = (tmp_path / libraries / "pkgconfig" / "tallystick.pc").read_text()
    assert str(tmp_path) not in text and "prefix=/usr\n" in text and "@" not in text
    assert "libcurl" in re.search(r"^Requires.private: (.*)$", text, re.M)[1]
