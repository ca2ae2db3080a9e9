"""Stopping and starting: what was acknowledged is there, the head file refuses an older past, one server per ledger."""

import shutil
import subprocess
import threading

import jws
import pytest
from registry import BINARY, tallystick


def refuses(registry, *words):
    """serve must end by itself with a failure and a message that says what is wrong."""
    done = subprocess.run(registry.command_line(), capture_output=True, text=True, timeout=60)
    assert done.returncode != 0, done.stdout
    assert "listening" not in done.stdout
    message = done.stderr.lower()
    assert all(word in message for word in words), done.stderr
    return message


def database(registry):
    return sorted(registry.directory.glob("ledger.db*"))


def copy_to(files, folder):
    folder.mkdir(exist_ok=True)
    for file in files:
        shutil.copy2(file, folder / file.name)


def put_back(registry, folder):
    for file in database(registry):
        file.unlink()
    for file in folder.iterdir():
        shutil.copy2(file, registry.directory / file.name)


# ---- init ----


def test_init_says_origin_vkey_and_operator(fresh, tmp_path):
    assert fresh.made["origin"] == fresh.origin and fresh.made["operator_kid"] == fresh.operator.key.kid
    assert fresh.made["operator_key"].endswith("keys/operator.jwk")
    done = tallystick("init", tmp_path / "told", "--origin", "told.test/ledger")
    assert done.returncode == 0 and "told.test/ledger+" in done.stdout


def test_keys_are_for_their_owner_only(fresh):
    for file in (fresh.directory / "keys").iterdir():
        assert file.stat().st_mode & 0o077 == 0, file


def test_init_does_not_touch_a_registry(fresh):
    fresh.stop()
    before = {file: file.read_bytes() for file in fresh.directory.rglob("*") if file.is_file()}
    done = tallystick("init", fresh.directory, "--origin", "other.test/ledger")
    assert done.returncode != 0 and done.stderr
    assert {file: file.read_bytes() for file in fresh.directory.rglob("*") if file.is_file()} == before
    fresh.start()


@pytest.mark.parametrize("origin", ["", "with blank", "plus+plus", "a\nb"])
def test_an_origin_must_be_a_key_name(tmp_path, origin):
    done = tallystick("init", tmp_path / "x", "--origin", origin)
    assert done.returncode != 0 and done.stderr


# ---- what was acknowledged stays ----


def test_everything_acknowledged_is_there_after_a_restart(fresh):
    receivable, claim = fresh.confirmed()
    checkpoint = fresh.checkpoint()
    fresh.restart()
    after = fresh.checkpoint()
    assert (after.size, after.root, after.note) == (checkpoint.size, checkpoint.root, checkpoint.note)
    assert fresh.supplier.receivable(receivable["id"]) == receivable
    assert fresh.supplier.get(f"/v1/claims/{claim['id']}").ok() == claim


def test_everything_acknowledged_is_there_after_a_kill(fresh):
    made = [fresh.registered() for _ in range(20)]
    checkpoint = fresh.checkpoint()
    fresh.kill()
    fresh.start()
    assert fresh.checkpoint().size == checkpoint.size
    for receivable in made:
        assert fresh.supplier.receivable(receivable["id"]) == receivable


def test_killed_in_the_middle_of_work_it_keeps_all_it_answered(fresh):
    acknowledged, lock = [], threading.Lock()
    bodies = [[fresh.supplier.sign("/v1/receivables", fresh.invoice()) for _ in range(200)] for _ in range(8)]

    def work(commands):
        try:
            for body in commands:
                answer = fresh.http.request("POST", "/v1/receivables", body, {"Content-Type": jws.JOSE})
                if answer.status == 201:
                    with lock:
                        acknowledged.append((body, answer))
        except Exception:  # noqa: BLE001 (the server is gone: that is the story)
            pass

    threads = [threading.Thread(target=work, args=(commands,)) for commands in bodies]
    for thread in threads:
        thread.start()
    while len(acknowledged) < 60 and any(thread.is_alive() for thread in threads):
        threads[0].join(0.01)
    fresh.kill()
    for thread in threads:
        thread.join()
    fresh.start()
    assert len(acknowledged) >= 60
    for body, answer in acknowledged:
        fresh.check_receipts(answer.json, body)
        again = fresh.send("/v1/receivables", body)
        assert (again.status, again.body) == (201, answer.body), "the stored answer of what was acknowledged"


def test_a_stop_lets_running_commands_finish(fresh):
    """SIGTERM while sixteen threads submit: each gets an answer or a clean close, and every 201 is on the ledger."""
    acknowledged, lock = [], threading.Lock()

    def work(bodies):
        for body in bodies:
            try:
                answer = fresh.http.request("POST", "/v1/receivables", body, {"Content-Type": jws.JOSE})
            except Exception:  # noqa: BLE001
                return
            assert answer.status in (201, 503), answer.body
            if answer.status == 201:
                with lock:
                    acknowledged.append((body, answer))

    bodies = [[fresh.supplier.sign("/v1/receivables", fresh.invoice()) for _ in range(100)] for _ in range(16)]
    threads = [threading.Thread(target=work, args=(commands,)) for commands in bodies]
    for thread in threads:
        thread.start()
    while len(acknowledged) < 20 and any(thread.is_alive() for thread in threads):
        threads[0].join(0.01)
    fresh.stop()
    for thread in threads:
        thread.join()
    fresh.start()
    for body, answer in acknowledged:
        assert fresh.send("/v1/receivables", body).body == answer.body


# ---- one history only ----


def test_a_restored_older_database_is_refused(fresh, tmp_path):
    fresh.registered()
    fresh.stop()
    copy_to(database(fresh), tmp_path / "old")
    fresh.start()
    fresh.registered()
    fresh.stop()
    copy_to(database(fresh), tmp_path / "new")
    put_back(fresh, tmp_path / "old")
    refuses(fresh, "head")
    code, report = fresh.audit()
    assert code != 0 and report
    put_back(fresh, tmp_path / "new")
    fresh.start()


def test_a_database_of_another_history_of_the_same_size_is_refused(fresh, tmp_path):
    fresh.stop()
    copy_to([*database(fresh), fresh.directory / "head"], tmp_path / "fork")
    fresh.start()
    fresh.registered()
    fresh.stop()
    copy_to([*database(fresh), fresh.directory / "head"], tmp_path / "real")
    put_back(fresh, tmp_path / "fork")
    fresh.seen.clear()
    fresh.entries.clear()
    fresh.start()
    fresh.registered()
    fresh.stop()
    shutil.copy2(tmp_path / "real" / "head", fresh.directory / "head")
    refuses(fresh, "head")
    put_back(fresh, tmp_path / "real")
    fresh.seen.clear()
    fresh.entries.clear()
    fresh.start()


def test_a_registry_without_its_head_file_is_refused(fresh, tmp_path):
    fresh.stop()
    copy_to([fresh.directory / "head"], tmp_path / "kept")
    (fresh.directory / "head").unlink()
    refuses(fresh, "head")
    shutil.copy2(tmp_path / "kept" / "head", fresh.directory / "head")
    fresh.start()


def test_two_servers_on_one_ledger_are_refused(fresh):
    refuses(fresh)
    fresh.registered()


def test_a_directory_that_is_no_registry_is_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "absent"):
        done = tallystick("serve", folder, "--listen", "127.0.0.1:0")
        assert done.returncode != 0 and done.stderr and "listening" not in done.stdout


def test_an_address_that_is_taken_is_refused(fresh, tmp_path):
    other = tmp_path / "other"
    assert tallystick("init", other, "--origin", "other.test/ledger").returncode == 0
    done = subprocess.run(
        [BINARY, "serve", str(other), "--listen", f"127.0.0.1:{fresh.port}"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0 and done.stderr


def test_a_key_file_that_others_can_read_is_refused(fresh):
    fresh.stop()
    key = fresh.directory / "keys" / "log.jwk"
    key.chmod(0o644)
    refuses(fresh, "log.jwk")
    key.chmod(0o600)
    fresh.start()
