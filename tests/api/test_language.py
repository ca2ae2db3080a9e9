"""English and Chinese: what people read follows Accept-Language and LANG, what machines read never changes."""

import json
import re
import unicodedata

import jsonschema
import pytest
from contract import OPENAPI
from registry import tallystick

ZH = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}
CHINESE = {"LC_ALL": "zh_CN.UTF-8"}
MOSTLY = 0.05  # names and numbers are of no language; that no text lacks its Chinese is what `make check-language` sees to
NOTHING = "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17"


def is_chinese(text):
    return any("\u4e00" <= c <= "\u9fff" for c in text)


def machine_part(value):
    """All but the sentences and the request's own name."""
    if isinstance(value, dict):
        return {k: machine_part(v) for k, v in value.items() if k not in ("title", "detail", "request_id", "instance")}
    return [machine_part(v) for v in value] if isinstance(value, list) else value


def sentences(value):
    """Every title and detail that is not a recorded fact."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in ("title", "detail") and isinstance(inner, str):
                yield inner
            elif name != "facts":
                yield from sentences(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from sentences(inner)


def post_plain(registry, who, path, payload, headers):
    body = json.dumps(payload).encode()
    return registry.request("POST", path, body, {"Content-Type": "application/json", **headers})


# ---- refusals ----


def test_a_refusal_says_the_same_in_both_languages_and_its_machine_part_is_one(registry):
    target = f"/v1/claims/{NOTHING}"
    english, chinese = registry.supplier.get(target), registry.supplier.get(target, headers=ZH)
    assert english.headers["content-language"] == "en" and chinese.headers["content-language"] == "zh"
    assert english.headers["vary"] == chinese.headers["vary"] == "Accept-Language"
    assert machine_part(english.json) == machine_part(chinese.json)
    assert english.json["title"] == "Nothing of that name is here for you"
    assert chinese.json["title"] == "没有您可查看的此名称的内容"


@pytest.mark.parametrize(
    "target, headers, slug",
    [
        ("/v1/nowhere", {}, "not-found"),
        ("/v1/claims", {}, "unauthenticated"),
        ("/v1/claims", {"Authorization": "Bearer ts_wrong"}, "unauthenticated"),
        ("/v1/consistency?from=x&to=1", {}, "bad-query"),
        ("/v1/entries?strange=1", {}, "bad-query"),
        ("/checkpoint?x=1", {}, "bad-query"),
        ("/v1/%zz", {}, "bad-request"),
        ("/" + "a" * 3000, {}, "uri-too-long"),
        ("/v1/sweeps", {}, "method-not-allowed"),
    ],
)
def test_what_is_refused_before_anyone_is_known_is_refused_in_chinese(registry, target, headers, slug):
    answer = registry.request("GET", target, headers={**ZH, **headers})
    answer.problem(slug)
    assert all(map(is_chinese, sentences(answer.json))), answer.text


def test_every_broken_rule_is_told_in_chinese(registry):
    payload = registry.invoice(gross="1.234", invoice_currency="CNY", invoice_issue_date="2026-13-40", amount="x", surprise=1)
    body = registry.supplier.sign("/v1/receivables", payload)
    head = {"Content-Type": "application/jose+json"}
    english = registry.request("POST", "/v1/receivables", body, head)
    chinese = registry.request("POST", "/v1/receivables", body, {**head, **ZH})
    assert english.problem("invalid-fields")["errors"] and len(chinese.json["errors"]) > 1
    assert machine_part(english.json) == machine_part(chinese.json)
    assert all(map(is_chinese, sentences(chinese.json))), chinese.text
    assert not any(map(is_chinese, sentences(english.json)))


# ---- reviews, which are stored in English ----


def test_a_review_is_read_in_the_readers_language_and_stays_english_on_the_ledger(registry):
    payload = registry.invoice(days=300)  # long enough to be warned about
    answer = registry.supplier.submit(payload).ok(201)
    identity, path = answer["receivable"]["id"], f"/v1/receivables/{answer['receivable']['id']}"
    english = [check["detail"] for check in answer["receivable"]["review"]["checks"] if check.get("detail")]
    assert any("tenor" in detail for detail in english)
    read = registry.supplier.get(path, headers=ZH).ok()
    chinese = [check["detail"] for check in read.get("receivable", read)["review"]["checks"] if check.get("detail")]
    assert len(chinese) == len(english) and all(map(is_chinese, chinese))
    assert any("账期为 301 天" in detail for detail in chinese)
    for headers in ({}, ZH):
        history = registry.supplier.get(f"/v1/receivables/{identity}/history", headers=headers).ok()
        assert not is_chinese(json.dumps(history["items"], ensure_ascii=False))


def test_a_rejection_and_its_replay_are_told_in_the_askers_language(registry):
    payload = registry.invoice(days=4000)
    body = registry.supplier.sign("/v1/receivables", payload)
    head = {"Content-Type": "application/jose+json"}
    first = registry.request("POST", "/v1/receivables", body, {**head, **ZH})
    first.problem("gateway-rejected")
    assert all(map(is_chinese, sentences(first.json))), first.text
    again = registry.request("POST", "/v1/receivables", body, head)
    assert again.headers["idempotent-replayed"] == "true"
    assert not is_chinese(again.text) and machine_part(again.json) == machine_part(first.json)
    third = registry.request("POST", "/v1/receivables", body, {**head, **ZH})
    assert third.json == first.json and third.headers["idempotent-replayed"] == "true"


def test_answers_of_each_language_have_tags_of_their_own(registry):
    receivable = registry.registered(days=300)
    path = f"/v1/receivables/{receivable['id']}"
    english, chinese = registry.supplier.get(path), registry.supplier.get(path, headers=ZH)
    assert english.headers["etag"] != chinese.headers["etag"]
    same = registry.supplier.get(path, headers={**ZH, "If-None-Match": chinese.headers["etag"]})
    assert same.status == 304 and same.headers["vary"] == "Accept-Language"
    assert registry.supplier.get(path, headers={**ZH, "If-None-Match": english.headers["etag"]}).status == 200
    assert registry.supplier.get(path, headers={"If-None-Match": chinese.headers["etag"]}).status == 200


# ---- people whose names and numbers are sentences ----


@pytest.mark.parametrize(
    "name",
    [
        "%s %n %1$s %lld",
        "The signature does not verify",
        "X is suspended. The seller Y",
        "苏州汇东 \\\"{0}\\\" <b>",
        "Bank of China over the seas",
    ],
)
def test_what_strangers_write_is_shown_as_they_wrote_it(registry, name):
    payload = registry.invoice(invoice_buyer={"name": name, "identifiers": {"uscc": "91440300708461136T"}})
    english = registry.supplier.submit(payload, bad=True)
    english.problem("gateway-rejected")
    payload = registry.invoice(invoice_buyer={"name": name, "identifiers": {"uscc": "91440300708461136T"}})
    body = registry.supplier.sign("/v1/receivables", payload)
    chinese = registry.request("POST", "/v1/receivables", body, {"Content-Type": "application/jose+json", **ZH})
    found = [fault["detail"] for fault in chinese.json["errors"] if fault["code"] == "buyer_registered"]
    assert len(found) == 1 and name in found[0], found


def test_a_number_that_could_be_read_in_two_ways_leaves_the_sentence_english(registry):
    number = "A of 2026-01-01 over 5.00 CNY"
    registry.registered(number=number, gross="77123.00")
    payload = registry.invoice(number=number, gross="77123.00")
    body = registry.supplier.sign("/v1/receivables", payload)
    answer = registry.request("POST", "/v1/receivables", body, {"Content-Type": "application/jose+json", **ZH})
    details = [fault["detail"] for fault in answer.json["errors"] if fault["code"] == "invoice_unused"]
    assert len(details) == 1 and details[0].startswith(f"Invoice {number} of ")


# ---- Accept-Language ----


@pytest.mark.parametrize(
    "header, spoken",
    [
        ("zh", "zh"), ("zh-Hans-CN", "zh"), ("ZH-tw", "zh"), ("en-GB, zh;q=0.9", "en"), ("zh;q=0", "en"), ("*", "en"),
        ("fr, de;q=0.8", "en"), ("", "en"), ("zh;q=abc", "en"), ("zh;q=1.0001, en;q=0.1", "en"), (";;;,,,=", "en"),
        ("en;q=0, *", "zh"), (", ".join(f"x{n};q=0.{n % 10}" for n in range(1500)) + ", zh", "zh"), ("z" * 9000, "en"),
        ("zh" + ";q=0.5" * 2000, "en"), ("\u4e2d\u6587", "en"),
    ],
)  # fmt: skip
def test_odd_headers_choose_a_language_and_do_no_harm(registry, header, spoken):
    answer = registry.request("GET", "/v1/nowhere", headers={"Accept-Language": header.encode("utf-8")})
    answer.problem("not-found")
    assert answer.headers["content-language"] == spoken


# ---- the description ----


def test_the_description_is_served_in_both_languages_and_valid_in_both(registry):
    english = registry.get("/openapi.json")
    chinese = registry.request("GET", "/openapi.json", headers=ZH)
    assert english.body == OPENAPI.read_bytes() and english.headers["content-language"] == "en"
    assert chinese.headers["content-language"] == "zh" and chinese.headers["vary"] == "Accept-Language"

    def texts(node, path=()):
        if isinstance(node, dict):
            for key, value in node.items():
                if key in ("description", "summary") and isinstance(value, str):
                    yield path + (key,), value
                elif key not in ("example", "examples", "default", "enum", "const"):
                    yield from texts(value, path + (key,))
        elif isinstance(node, list):
            for at, value in enumerate(node):
                yield from texts(value, path + (at,))

    def without_texts(node):
        if isinstance(node, dict):
            return {k: without_texts(v) for k, v in node.items() if not (k in ("description", "summary", "title") and isinstance(v, str))}
        return [without_texts(v) for v in node] if isinstance(node, list) else node

    ours, theirs = english.json, chinese.json
    assert without_texts(ours) == without_texts(theirs)
    assert [path for path, _ in texts(ours)] == [path for path, _ in texts(theirs)]
    plain = [text for _, text in texts(theirs) if not is_chinese(text)]
    assert len(plain) < MOSTLY * sum(1 for _ in texts(theirs)), plain
    for schema in theirs["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_the_page_of_the_description_has_both_languages(registry):
    english = registry.get("/docs")
    chinese = registry.request("GET", "/docs", headers=ZH)
    assert '<html lang="en">' in english.text and '<html lang="zh">' in chinese.text
    assert chinese.headers["content-language"] == "zh" and chinese.headers["vary"] == "Accept-Language"
    assert "提交发票或其一部分（卖方或买方）" in chinese.text and "确权" in chinese.text


# ---- the command line ----


def test_help_is_chinese_where_the_locale_is_and_no_locale_need_be_installed():
    for arguments in (("help",), ("help", "split"), ("split", "--help"), ("help", "program", "open")):
        done = tallystick(*arguments, env=CHINESE)
        assert done.returncode == 0 and is_chinese(done.stdout)
    overview = tallystick("help", env=CHINESE).stdout
    lines = [line for line in overview.splitlines() if line.startswith("  ")]
    plain = [line for line in lines if not is_chinese(line)]
    assert len(plain) < MOSTLY * len(lines), plain


@pytest.mark.parametrize(
    "env, spoken",
    [
        ({"LC_ALL": "", "LC_MESSAGES": "", "LANGUAGE": "", "LANG": "zh_CN.UTF-8"}, True),
        ({"LC_ALL": "", "LC_MESSAGES": "zh_SG.utf8", "LANGUAGE": "", "LANG": "en_US.UTF-8"}, True),
        ({"LC_ALL": "", "LC_MESSAGES": "", "LANGUAGE": "zh:en", "LANG": "de_DE.UTF-8"}, True),
        ({"LC_ALL": "", "LC_MESSAGES": "", "LANGUAGE": "", "LANG": "zh_CN.GB18030"}, False),
        ({"LC_ALL": "C", "LC_MESSAGES": "", "LANGUAGE": "zh", "LANG": "zh_CN.UTF-8"}, False),
        ({"LC_ALL": "en_US.UTF-8", "LC_MESSAGES": "", "LANGUAGE": "", "LANG": "zh_CN.UTF-8"}, False),
    ],
)
def test_the_environment_chooses_the_language(env, spoken):
    done = tallystick("splt", env=env)
    assert done.returncode == 2 and is_chinese(done.stderr) == spoken


def test_an_option_beats_the_environment_and_knows_two_languages():
    assert is_chinese(tallystick("help", "split", "--lang", "zh", env={"LC_ALL": "C"}).stdout)
    assert is_chinese(tallystick("splt", "--lang=zh", env={"LC_ALL": "C"}).stderr)
    assert not is_chinese(tallystick("help", "split", "--lang", "en", env=CHINESE).stdout)
    refused = tallystick("version", "--lang", "fr", env={"LC_ALL": "C"})
    assert refused.returncode == 2 and "--lang must be en or zh" in refused.stderr


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


@pytest.fixture(scope="module")
def shell(registry, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    key = home / "supplier.jwk"
    public = json.loads(tallystick("keygen", key, "--json").stdout)["public_key"]
    env = {
        "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), "XDG_STATE_HOME": str(home / "state"), "NO_COLOR": "1",
        "TALLYSTICK_URL": f"http://127.0.0.1:{registry.port}", "TALLYSTICK_VKEY": registry.vkey,
        "TALLYSTICK_CLOCK_OFFSET": str(registry.offset), "TALLYSTICK_KEY": str(key),
    }  # fmt: skip
    payload = {
        "name": "苏州汇东精密", "roles": ["supplier"], "identifiers": {"uscc": "91320594MA1WJ4QX8P"}, "public_key": public,
    }  # fmt: skip
    identity = registry.operator.post("/v1/participants", payload).ok(201)["participant"]["id"]
    token = json.loads(tallystick("token", "create", "--participant", identity, "--json", env=env).stdout)["token_text"]
    env["TALLYSTICK_TOKEN"] = token
    return env


def invoice_file(registry, folder, name, **how):
    payload = registry.invoice(**how)
    del payload["invoice"]["seller"]
    path = folder / name
    path.write_text(json.dumps(payload))
    return path


def test_outcomes_and_tables_are_chinese_and_aligned(registry, shell, tmp_path):
    for name in ("甲.json", "b.json"):
        invoice_file(registry, tmp_path, name)
    invoice_file(registry, tmp_path, "坏.json", days=4000)
    done = tallystick("submit", *sorted(tmp_path.iterdir()), env={**shell, **CHINESE})
    assert done.returncode == 1, done.stderr
    rows = [line for line in done.stdout.splitlines() if tmp_path.name in line or "文件" in line]
    assert "结果" in rows[0] and sum("已登记" in row for row in rows) == 2 and sum("被拒绝" in row for row in rows) == 1
    places = {width(re.split("结果|已登记|被拒绝", row)[0]) for row in rows}
    assert len(places) == 1, done.stdout
    assert "受理 2 份，拒绝 1 份，失败 0 份" in done.stdout

    listed = tallystick("list", "receivables", env={**shell, **CHINESE})
    lines = [line for line in listed.stdout.splitlines() if line.strip()]
    assert "状态" in lines[0] and "债权人" in lines[0] and "苏州汇东精密" in listed.stdout
    cells = {width(line[: line.index("苏州汇东精密")]) for line in lines[1:] if "苏州汇东精密" in line}
    assert cells == {width(lines[0][: lines[0].index("债权人")])}, listed.stdout


def test_refusals_and_hints_are_chinese(registry, shell, tmp_path):
    refused = tallystick("show", "claim", NOTHING, env={**shell, **CHINESE})
    assert refused.returncode == 1 and "没有您可查看的此名称的内容" in refused.stderr and "not-found" in refused.stderr
    unknown = tallystick("list", "claims", env={**shell, **CHINESE, "TALLYSTICK_TOKEN": ""})
    assert unknown.returncode == 1 and "读取需要令牌" in unknown.stderr
    missing = tallystick("submit", tmp_path / "none.json", env={**shell, **CHINESE})
    assert missing.returncode == 5 and "无法打开" in missing.stderr
    usage = tallystick("dispute", NOTHING, env={**shell, **CHINESE})
    assert usage.returncode == 2 and "dispute 需要 --reason。" in usage.stderr
    unreachable = tallystick("verify", "http://127.0.0.1:1", "--retries", "0", env={**shell, **CHINESE})
    assert unreachable.returncode == 3 and "没有应答" in unreachable.stderr


def test_verification_is_told_in_chinese(registry, shell):
    done = tallystick("verify", env={**shell, **CHINESE})
    assert done.returncode == 0 and "已验证：" in done.stdout and "已核验" in done.stdout


def test_machine_output_changes_only_in_its_sentences(registry, shell):
    english = json.loads(tallystick("list", "receivables", "--json", env={**shell, "LC_ALL": "C"}).stdout)
    chinese = json.loads(tallystick("list", "receivables", "--json", env={**shell, **CHINESE}).stdout)
    assert machine_part(english) == machine_part(chinese)
