"""`tallystick statement` and `tallystick reconcile` as a clerk types them."""

import csv
import json
from decimal import Decimal

import ledger
import pytest
from liar import Liar
from statement_world import Books
from test_client import Shell


@pytest.fixture(scope="module")
def books(registry):
    return Books.kept(registry)


@pytest.fixture(scope="module")
def shell(books, tmp_path_factory):
    made = Shell(books.registry, tmp_path_factory.mktemp("home"))
    made.books = books
    return made


def as_(who):
    return {"TALLYSTICK_TOKEN": who.token}


def movements(books, who, days, account="claims_held"):
    for day in days:
        for entry in who.read_all(f"/v1/statements/{day}/entries"):
            for moved in entry["movements"]:
                if moved["account"] == account:
                    yield entry, moved


def rows_of(books, who, days, account="claims_held"):
    """What a perfect ERP would export."""
    return [
        {
            "Invoice": m["invoice_number"], "Amount": m["amount"], "Currency": m["currency"], "Due": m["due_date"],
            "Debtor": m["debtor_name"], "Status": m["life"] or "", "Claim": m["claim"] or "",
        }
        for _, m in movements(books, who, days, account)
    ]  # fmt: skip


def write(path, rows, delimiter=",", encoding="utf-8", drop=()):
    names = [name for name in rows[0] if name not in drop]
    with open(path, "w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, names, delimiter=delimiter, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def perfect(books, tmp_path):
    return rows_of(books, books.registry.supplier, books.days)


def span(books):
    return f"{books.days[0]}..{books.days[1]}"


def reconcile(shell, path, *more, who=None, days=None, code=0):
    who = who or shell.books.registry.supplier
    return shell.json("reconcile", days or span(shell.books), path, *more, code=code, **as_(who))


def kinds(report):
    return sorted(d["kind"] for d in report["differences"])


# ---- statement ----


def test_a_statement_is_printed_and_verified(shell, books):
    done = shell.run("statement", books.days[0], **as_(books.registry.supplier))
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["claims_held", "CNY", "opening", "0", "0.00"] in lines
    assert ["closing", "3", "4600.00"] in lines and lines[-1][0] == "verified:"


def test_a_statement_comes_as_json_with_its_entries_and_as_csv(shell, books, tmp_path):
    supplier, day = books.registry.supplier, books.days[1]
    served = supplier.get(f"/v1/statements/{day}").ok()
    shown = shell.json("statement", day, "--entries", **as_(supplier))
    assert shown.pop("verified") is True and len(shown.pop("items")) == served["entries"]["count"]
    assert shown == served
    target = tmp_path / "day.csv"
    assert shell.run("statement", day, "--csv", target, **as_(supplier)).returncode == 0
    assert target.read_bytes() == supplier.get(f"/v1/statements/{day}/statement.csv").body


def test_without_a_key_to_trust_the_statement_is_only_added_up(shell, books):
    done = shell.run("statement", books.days[0], TALLYSTICK_VKEY="", **as_(books.registry.supplier))
    assert done.returncode == 0 and "not verified" in done.stdout and "--vkey" in done.stderr


def test_amounts_are_held_against_the_facts_that_the_ledger_commits_to(shell, books):
    """What the entries of these types say themselves is stated; what a transfer or a financing moves was there before."""
    says = {"receivable.registered", "claim.accepted", "claim.split", "payment.recorded", "claim.diluted"}
    for name, account in (("supplier", "claims_held"), ("debtor", "claims_owed")):
        who = books.people[name]
        for day in books.days:
            shown = shell.json("statement", day, "--facts", **as_(who))
            moved = [(e["type"], m) for e in who.read_all(f"/v1/statements/{day}/entries") for m in e["movements"]]
            stated = [
                (t, m) for t, m in moved
                if t in says and ((m["items"] > 0) if t == "claim.split" else t == "receivable.registered" or m["account"].startswith("claims"))
            ]  # fmt: skip
            assert shown["facts"] == {"movements": len(moved), "stated": len(stated)} and len(stated) > 1
    done = shell.run("statement", books.days[0], "--facts", **as_(books.registry.supplier))
    assert "amounts are stated by their entries' facts" in done.stdout


def test_refusals_are_shown_as_they_are(shell, books):
    assert shell.run("statement", "2027-02-29", **as_(books.registry.supplier)).returncode == 1
    assert shell.run("statement", books.days[0]).returncode == 1


# ---- agreement ----


def test_books_that_agree(shell, books, perfect, tmp_path):
    report = reconcile(shell, write(tmp_path / "erp.csv", perfect))
    assert report["agree"] and report["verified"] and report["final"] and report["differences"] == []
    assert report["matched"] == report["registry_rows"] == report["books_rows"] == len(perfect) > 8
    done = shell.run("reconcile", span(books), tmp_path / "erp.csv", **as_(books.registry.supplier))
    assert done.returncode == 0 and done.stdout.startswith("agree: ")


def test_the_debtor_compares_what_it_owes(shell, books, tmp_path):
    rows = rows_of(books, books.registry.debtor, books.days, "claims_owed")
    path = write(tmp_path / "ap.csv", rows)
    assert reconcile(shell, path, "--account", "claims_owed", who=books.registry.debtor)["agree"]


def test_another_house_style_is_read_as_well(shell, perfect, tmp_path):
    """Semicolons, decimal commas, groups of three, days first, a byte order mark, other headers, a minus behind."""
    rows = []
    for row in perfect:
        whole, _, cents = row["Amount"].lstrip("-").partition(".")
        text = f"{int(whole):,}".replace(",", ".") + (f",{cents}" if cents else "")
        year, month, day = row["Due"].split("-")
        rows.append({
            "Beleg": row["Invoice"], "Betrag": text + ("-" if row["Amount"].startswith("-") else ""), "Wrg": row["Currency"],
            "Faellig": f"{day}.{month}.{year}", "Kunde": row["Debtor"].upper(), "Bemerkung": 'mit "Zitat"; und mehr',
        })  # fmt: skip
    path = write(tmp_path / "erp.csv", rows, delimiter=";", encoding="utf-8-sig")
    style = ("--decimal", "comma", "--dates", "dmy", "--invoice", "Beleg", "--currency", "wrg", "--debtor", "Kunde")
    assert reconcile(shell, path, *style)["agree"]


def test_only_some_entries_with_unsigned_amounts(shell, books, tmp_path):
    supplier = books.registry.supplier
    rows = [
        {"invoice": m["invoice_number"], "amount": m["amount"].lstrip("-")}
        for e, m in movements(books, supplier, books.days[1:])
        if e["type"] == "payment.recorded"
    ]
    path = write(tmp_path / "paid.csv", rows)
    more = ("--only", "payment.recorded", "--unsigned", "--all-in", "CNY")
    assert reconcile(shell, path, *more, days=books.days[1])["matched"] == 2


def test_parties_go_by_name_id_or_identifier(shell, books, perfect, tmp_path):
    debtor = books.registry.debtor
    uscc = debtor.get(f"/v1/participants/{debtor.id}").ok()["identifiers"]["uscc"]
    for row, known in zip(perfect, (debtor.id, uscc, "NORTHGATE  MOTORS")):
        row["Debtor"] = known
    assert reconcile(shell, write(tmp_path / "erp.csv", perfect))["agree"]


def test_states_may_have_names_of_their_own(shell, perfect, tmp_path):
    for row in perfect:
        row["Status"] = {"confirmed": "open", "settled": "bezahlt"}.get(row["Status"], row["Status"])
    path = write(tmp_path / "erp.csv", perfect)
    assert "status" in kinds(reconcile(shell, path, code=6))
    assert reconcile(shell, path, "--states", "open=confirmed,bezahlt=settled")["agree"]


def test_a_list_of_open_items_is_set_against_what_the_days_come_to(shell, books, tmp_path):
    supplier, open_then = books.registry.supplier, {}
    for _, m in movements(books, supplier, books.days):
        row = open_then.setdefault(m["claim"], {"claim": m["claim"], "amount": Decimal(0), "currency": m["currency"]})
        row["amount"] += Decimal(m["amount"])
        row["status"] = m["life"]
    rows = [row for row in open_then.values() if row["amount"]]
    assert len(rows) < len(open_then)  # some were paid or passed on
    assert reconcile(shell, write(tmp_path / "open.csv", rows), "--net")["matched"] == len(rows)
    for row in rows:  # and that is what it holds now
        claim = supplier.get(f"/v1/claims/{row['claim']}").ok()
        assert (claim["outstanding_amount"], claim["currency"]) == (str(row["amount"]), row["currency"])
    assert kinds(reconcile(shell, write(tmp_path / "open.csv", rows[1:]), "--net", code=6)) == ["missing_in_books", "sum"]


# ---- differences ----


def test_each_difference_is_named(shell, books, perfect, tmp_path):
    first = next(i for i, row in enumerate(perfect) if row["Amount"] == "1000.00")
    other = next(i for i, row in enumerate(perfect) if row["Amount"] == "3000.00")
    yen = next(i for i, row in enumerate(perfect) if row["Currency"] == "JPY")

    def changed(index, **members):
        rows = [dict(row) for row in perfect]
        rows[index].update(members)
        return rows

    cases = {
        ("amount", "sum"): changed(first, Amount="1000.01"),
        ("currency", "sum", "sum"): changed(yen, Currency="KRW"),
        ("due_date",): changed(first, Due="2031-01-01"),
        ("debtor",): changed(first, Debtor="Southport Rail"),
        ("status",): changed(first, Status="settled"),
        ("missing_in_books", "sum"): perfect[:other] + perfect[other + 1 :],
        ("duplicate", "sum"): perfect + [perfect[other]],
        ("missing_in_registry", "sum"): perfect + [{**perfect[other], "Invoice": "NEVER-SEEN", "Claim": ""}],
        ("missing_in_books", "missing_in_registry"): changed(first, Invoice="NEVER-SEEN", Claim=""),
    }
    for number, (expected, rows) in enumerate(cases.items()):
        report = reconcile(shell, write(tmp_path / f"{number}.csv", rows), code=6)
        assert kinds(report) == sorted(expected), report["differences"]
        assert report["agree"] is False
        for difference in report["differences"]:
            assert difference["detail"].endswith(".") and "None" not in difference["detail"]


def test_a_difference_is_a_sentence_for_a_clerk(shell, books, perfect, tmp_path):
    at = next(i for i, row in enumerate(perfect) if row["Amount"] == "1000.00")
    entry = next(e["seq"] for e, m in movements(books, books.registry.supplier, books.days) if m["amount"] == "1000.00")
    number = perfect[at]["Invoice"]
    perfect[at]["Amount"] = "999.99"
    path = write(tmp_path / "erp.csv", perfect)
    done = shell.run("reconcile", span(books), path, **as_(books.registry.supplier))
    assert done.returncode == 6 and done.stderr == ""
    assert done.stdout.splitlines()[0] == (
        f"The amounts of invoice {number} differ: 999.99 CNY in line {at + 2} of your books, 1000.00 CNY by entry {entry}."
    )


def test_numbers_written_otherwise_are_the_same_invoice(shell, perfect, tmp_path):
    for row in perfect:
        row["Invoice"] = row["Invoice"].lower().replace("-", " ")
    assert reconcile(shell, write(tmp_path / "erp.csv", perfect, drop=("Claim",)))["agree"]


# ---- files that cannot be read ----


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "its first row must name the columns"),
        ("invoice,currency\nA,CNY\n", "no column of amounts"),
        ("invoice,amount\nA,1.00\n", "no column of currencies"),
        ("amount,currency\n1.00,CNY\n", "no column of invoice numbers"),
        ("invoice,amount,currency\nA,1.00\n", "line 2 has 2 columns"),
        ("invoice,amount,currency\nA,1.00,CNY\nB,1.005,CNY\n", 'line 3, column "amount": "1.005"'),
        ("invoice,amount,currency\nA,\"1,23\",CNY\n", "--decimal comma"),
        ("invoice,amount,currency\nA,1e3,CNY\n", 'column "amount": "1e3"'),
        ("invoice,amount,currency\nA,1.00,YUAN\n", 'column "currency": "YUAN"'),
        ("invoice,amount,currency,due\nA,1.00,CNY,31.12.2026\n", 'column "due": "31.12.2026"'),
        ("invoice,amount,currency,due\nA,1.00,CNY,2026-02-30\n", 'column "due": "2026-02-30"'),
        ("invoice,amount,currency\n,1.00,CNY\n", "line 2 names neither"),
        ("invoice,amount,betrag,currency\nA,1.00,1.00,CNY\n", "could both be the amount"),
        ("invoice,amount,currency\n\"A,1.00,CNY\n", "quoted field"),
        ("invoice,amount,currency\nA\"b,1.00,CNY\n", "line 2"),
    ],
)
def test_bad_files_are_refused_with_row_and_column(shell, books, tmp_path, text, words):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    done = shell.run("reconcile", books.days[0], path, **as_(books.registry.supplier))
    assert done.returncode == 5, done.stdout
    assert words in done.stderr and str(path) in done.stderr


def test_a_file_that_is_not_utf8_says_what_to_do(shell, books, tmp_path):
    path = tmp_path / "gb.csv"
    path.write_bytes("发票号码,金额,币种\n甲,1.00,CNY\n".encode("gb18030"))
    done = shell.run("reconcile", books.days[0], path, **as_(books.registry.supplier))
    assert done.returncode == 5 and "iconv -f GB18030 -t UTF-8" in done.stderr
    path.write_bytes("发票号码,金额,币种\n甲,1.00,CNY\n".encode())
    assert kinds(reconcile(shell, path, days=books.days[0], code=6)).count("missing_in_registry") == 1


def test_what_is_typed_wrong_is_a_usage_error(shell, books, tmp_path):
    path = tmp_path / "erp.csv"
    path.write_text("invoice,amount,currency\n")
    for days in ("yesterday", "2026-01-02..2026-01-01", "2001-01-01..2026-06-01", "2026-01-01.."):
        assert shell.run("reconcile", days, path).returncode == 2
    wrong = "decimal dot, dates iso, delimiter ;;, states open, account cash, only payments, only claim.split,x"
    for option, value in (pair.split(" ") for pair in wrong.split(", ")):
        assert shell.run("reconcile", books.days[0], path, f"--{option}", value).returncode == 2
    assert shell.run("reconcile", books.days[0], path, "--amount", "Nix", **as_(books.registry.supplier)).returncode == 5
    assert shell.run("reconcile", books.days[0], tmp_path / "absent.csv", **as_(books.registry.supplier)).returncode == 5


def test_a_hundred_thousand_rows_are_set_against_the_day_in_bounded_memory(shell, books, perfect, tmp_path):
    extra = [{**perfect[0], "Invoice": f"OLD-{i:06d}", "Claim": "", "Amount": "1.00", "Currency": "EUR"} for i in range(100_000)]
    report = reconcile(shell, write(tmp_path / "erp.csv", perfect + extra), code=6)
    assert report["matched"] == len(perfect) and kinds(report).count("missing_in_registry") == 100_000


# ---- a registry that lies ----


def entries_page(change):
    """Bends the pages of entries, once they are read."""

    def bend(path, body):
        if "/entries" not in path or not body.startswith(b"{"):
            return body
        page = json.loads(body)
        change(page["items"])
        return json.dumps(page).encode()

    return bend


def summary(change):
    def bend(path, body):
        if "/v1/statements/" not in path or "/entries" in path:
            return body
        shown = json.loads(body)
        change(shown)
        return json.dumps(shown).encode()

    return bend


def more_money(items):
    movement = next(m for item in items for m in item["movements"] if m["amount"] == "1000.00")
    movement["amount"] = "1000.01"


def more_money_in_all(shown):
    position = next(p for p in shown["positions"] if p["account"] == "claims_held" and p["currency"] == "CNY")
    position["closing"]["amount"] = "4600.01"


def another_text(items):
    items[0]["entry"] = items[0]["entry"].replace(items[0]["type"], "claim.overdue")


def another_type(items):
    items[-1]["type"] = "claim.overdue"


def invented(items):
    """A forged entry that hangs together in itself: only the signed tree tells."""
    item = items[-1]
    forged = json.loads(item["entry"])
    forged["req"] = "0" * 64
    item["entry"] = json.dumps(forged, separators=(",", ":"), sort_keys=True)
    item["leaf"] = ledger.leaf_hash(item["entry"].encode()).hex()


def test_a_lie_that_adds_up_is_found_by_the_facts(shell, books):
    supplier, day = books.registry.supplier, books.days[0]
    shown = supplier.get(f"/v1/statements/{day}").body + supplier.get(f"/v1/statements/{day}/entries").body

    def bend(path, body):
        """A cent more of the first claim, carried through every sum and position behind it."""
        if "/v1/statements/" not in path:
            return body
        told = json.loads(body)
        for item in told.get("items", []):
            for m in item["movements"]:
                if m["account"] == "receivables_registered" and m["currency"] == "CNY":
                    if m["amount"].lstrip("-") == "77.00":
                        m["amount"] = m["amount"].replace("77.00", "77.01")
        for position in told.get("positions", []):
            if position["account"] == "receivables_registered" and position["currency"] == "CNY":
                registered = next(m for m in position["movements"] if m["type"] == "receivable.registered")
                registered["in"]["amount"] = str(Decimal(registered["in"]["amount"]) + Decimal("0.01"))
                position["closing"]["amount"] = str(Decimal(position["closing"]["amount"]) + Decimal("0.01"))
        return json.dumps(told).encode()

    assert b"77.00" in shown
    liar = Liar(books.registry.port)
    try:
        liar.bend = bend
        assert shell.run("statement", day, TALLYSTICK_URL=liar.url, **as_(supplier)).returncode == 0
        done = shell.run("statement", day, "--facts", TALLYSTICK_URL=liar.url, **as_(supplier))
        assert done.returncode == 4 and "than the entry's facts say" in done.stderr
    finally:
        liar.close()


def other_tile(path, body):
    return bytes([body[0] ^ 1]) + body[1:] if path.startswith("/tile/0/") else body


def other_note(shown):
    shown["checkpoint"]["note"] = shown["checkpoint"]["note"].replace("\n\n", "\nextension\n\n")


@pytest.mark.parametrize(
    "bend, words",
    [
        (entries_page(more_money), "does not add up"),
        (summary(more_money_in_all), "does not add up"),
        (entries_page(lambda items: items.pop()), "are shown"),
        (entries_page(lambda items: items.reverse()), "out of its order"),
        (entries_page(another_text), "is not what the statement says"),
        (entries_page(another_type), "is not what the statement says"),
        (entries_page(invented), "is not in the ledger"),
        (other_tile, "is not in the ledger"),
        (summary(lambda shown: shown["checkpoint"].update(size=5)), "is not what its signed note says"),
        (summary(lambda shown: shown["checkpoint"].update(root="0" * 64)), "is not what its signed note says"),
        (summary(other_note), "checkpoint"),
        (summary(lambda shown: shown["positions"].pop()), "missing in the statement"),
        (summary(lambda shown: shown.update(until=shown["from"])), "is not of the day"),
    ],
)
def test_a_statement_that_was_changed_on_the_way_is_not_believed(shell, books, perfect, tmp_path, bend, words):
    path = write(tmp_path / "erp.csv", perfect)
    liar = Liar(books.registry.port)
    try:
        liar.bend = bend
        for command in (("statement", books.days[0]), ("reconcile", books.days[0], path)):
            done = shell.run(*command, TALLYSTICK_URL=liar.url, **as_(books.registry.supplier))
            assert done.returncode == 4 and words in done.stderr, (command, done.stderr)
    finally:
        liar.close()
