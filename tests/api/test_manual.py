"""Manual pages and completions: written from the menu, so they name what `help` names."""

import functools
import re
import subprocess

import pytest
from registry import tallystick


def commands():
    """The commands that the overview lists, by name."""
    text = tallystick("help", env={"NO_COLOR": "1"}).stdout
    first = text.split("\n\nOptions of every command:")[0]
    words = re.findall(r"^  ([a-z][a-z-]*(?: [a-z][a-z-]*)?)(?= )", first, re.M)
    assert len(words) > 60
    return words


@functools.lru_cache(maxsize=None)
def options(command):
    return re.findall(r"^  (--[a-z-]+)", tallystick("help", *command.split(), env={"NO_COLOR": "1"}).stdout, re.M)


def plain(page):
    return page.replace("\\-", "-").replace("\\fB", "").replace("\\fI", "").replace("\\fR", "").replace("\\&", "")


def test_the_manual_tells_every_command_and_option():
    page = plain(tallystick("help", "--man", "1").stdout)
    assert page.startswith(".TH tallystick 1 ")
    for command in commands():
        assert re.search(rf"^{re.escape(command)}( |$)", page, re.M), command
        for option in options(command):
            assert re.search(rf"^{option}( |$)", page, re.M), (command, option)


def test_the_manual_of_the_settings_tells_every_member_of_server_json():
    page = plain(tallystick("help", "--man", "5").stdout)
    serve = [option[2:].replace("-", "_") for option in options("serve")]
    common = [option[2:].replace("-", "_") for option in options("version")]
    settings = [name for name in serve if name not in common + ["config", "check_config"]]
    assert "listen" in settings
    assert re.findall(r"^\.TP\n(\w+) ", page, re.M) == settings


def test_what_is_neither_page_nor_shell_is_refused_by_name():
    for option, value in (("--man", "2"), ("--completion", "cmd")):
        run = tallystick("help", option, value)
        assert run.returncode == 2 and f'not "{value}"' in run.stderr


def completed(*words):
    """What bash offers for the last of the words."""
    script = tallystick("help", "--completion", "bash").stdout
    script += 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tallystick; printf "%s\\n" "${COMPREPLY[@]}"\n'
    run = subprocess.run(["bash", "-c", script, "bash", "tallystick", *words], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    return run.stdout.split()


def test_bash_offers_commands_then_options_then_files(tmp_path):
    assert "participant" in completed("") and "participant" in completed("part")
    assert "add" in completed("participant", "")
    assert completed("participant", "add", "--publ") == ["--public-key"]
    assert completed("help", "--completion", "") == ["bash", "zsh", "fish"]
    (tmp_path / "invoice.xml").write_text("")
    assert completed("submit", f"{tmp_path}/inv") == [f"{tmp_path}/invoice.xml"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_completion_knows_every_command_and_option(shell):
    script = tallystick("help", "--completion", shell).stdout
    for command in commands():
        assert command.split()[-1] in script
        for option in options(command):
            assert (f"-l {option[2:]} " in script + " ") if shell == "fish" else option in script, (command, option)
