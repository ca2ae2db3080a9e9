#!/usr/bin/env bash
# The registry's story, end to end, against the real program over HTTP: a new registry, a supply chain of two tiers, invoices of
# examples/ in every format, claims, refusals, proofs. Each step is checked; the first that is not as it should be ends the demo
# with a non-zero exit code. Everything lives in a temporary folder that is removed at the end, and the server is stopped.
#
#   TALLYSTICK=build/release/tallystick scripts/demo.sh            tells the story
#   TALLYSTICK=… PORT=8080 scripts/demo.sh --serve                 does the same quietly, then serves that registry
#
# --serve prints, one a line: url, vkey, origin, a token and a key file for each role. Ctrl-C or SIGTERM ends it.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
tallystick=$(realpath "${TALLYSTICK:-$root/build/release/tallystick}")
python=${PYTHON:-/usr/bin/python3}
invoices=$root/examples/invoices
origin=receivables.example.com/demo
serve=no
listen=127.0.0.1:0
case ${1-} in
--serve) serve=yes; listen=127.0.0.1:${PORT:-8080} ;;
'') ;;
*) echo "usage: $0 [--serve]" >&2; exit 2 ;;
esac

work=$(mktemp -d "${TMPDIR:-/tmp}/tallystick-demo.XXXXXX")
server_pid=
liar_pid=

# stop_process PID: ends a child and waits for it. Nothing if PID is empty.
stop_process() {
    if [[ -n $1 ]] && kill -0 "$1" 2>/dev/null; then
        kill -TERM "$1"
        wait "$1" || true
    fi
}

clean_up() {
    local status=$?
    trap - EXIT
    stop_process "$liar_pid"
    stop_process "$server_pid"
    rm -rf "$work"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Nothing of the user's own settings takes part.
unset TALLYSTICK_URL TALLYSTICK_KEY TALLYSTICK_TOKEN TALLYSTICK_ORIGIN TALLYSTICK_VKEY XDG_CONFIG_HOME XDG_STATE_HOME
export HOME=$work

# ---- telling ----

bold='' dim='' red='' green='' off=''
if [[ -t 1 && -z ${NO_COLOR-} && ${TERM-} != dumb ]]; then
    bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' off=$'\e[0m'
fi
now_ms() { echo $(($(date +%s%N) / 1000000)); }
started_ms=$(now_ms)
chapter_number=0
checks=0

# say TEXT: one line of the story. Quiet with --serve.
say() { [[ $serve == yes ]] || printf '    %s\n' "$*"; }
note() { [[ $serve == yes ]] || printf '    %s%s%s\n' "$dim" "$*" "$off"; }
chapter() {
    chapter_number=$((chapter_number + 1))
    [[ $serve == yes ]] || printf '\n%s%d  %s%s\n' "$bold" "$chapter_number" "$*" "$off"
}
wrong() {
    printf '%sdemo: not as it should be: %s%s\n' "$red" "$*" "$off" >&2
    for file in out err serve.err; do
        [[ ! -s $work/$file ]] || { echo "--- $file" >&2; tail -c 3000 "$work/$file" >&2; echo >&2; }
    done
    exit 1
}

# ---- doing ----

declare -A key token id
run_ms=0

# run EXIT ARGUMENT…: the client as whoever `as` names, its JSON in $work/out; the exit code must be EXIT.
as=nobody
run() {
    local expected=$1 status=0 begin
    shift
    checks=$((checks + 1))
    begin=$(now_ms)
    TALLYSTICK_KEY=${key[$as]-} TALLYSTICK_TOKEN=${token[$as]-} "$tallystick" "$@" --json >"$work/out" 2>"$work/err" || status=$?
    run_ms=$(($(now_ms) - begin))
    [[ $status -eq $expected ]] || wrong "tallystick $* (as $as) ended with exit code $status, not $expected"
}

# get PATH: a value of the last answer, "receivable.id" or "review.checks[code=credit_line].outcome" or "items#" (how many).
get() {
    "$python" - "$work/out" "$1" <<'PYTHON'
import json, re, sys
value = json.load(open(sys.argv[1], encoding="utf-8"))
for step in re.findall(r"[^.\[\]#]+=[^\]]+|[^.\[\]#]+|#", sys.argv[2]):
    if step == "#":
        value = len(value)
    elif "=" in step:
        name, wanted = step.split("=", 1)
        value = next((v for v in value if v.get(name) == wanted), {})
    elif isinstance(value, list):
        value = value[int(step)]
    else:
        value = (value or {}).get(step)
print("" if value is None else value if isinstance(value, str) else json.dumps(value))
PYTHON
}

# is PATH VALUE: the last answer says so.
is() {
    local found
    checks=$((checks + 1))
    found=$(get "$1")
    [[ $found == "$2" ]] || wrong "$1 is \"$found\", not \"$2\""
}

# refused SLUG [CODE]: the last answer is that problem, with that broken rule among its errors.
refused() {
    is type "urn:tallystick:problem:$1"
    [[ -z ${2-} ]] || is "errors[code=$2].code" "$2"
}

# join NAME ROLE-FOR-THE-STORY ROLES [OPTION…]: a key of its own, registered by the operator, and a token. Those who trade may
# also act with the token alone: for that the registry keeps a second key for them.
join() {
    local name=$1 who=$2 roles=$3 scope=read
    shift 3
    [[ $roles != *supplier* && $roles != *core_enterprise* ]] || scope=read,submit,confirm
    as=nobody
    run 0 keygen "$work/keys/$who.jwk"
    local public_key
    public_key=$(get public_key)
    as=operator
    run 0 participant add "$name" --role "$roles" --public-key "$public_key" "$@"
    is participant.status active
    id[$who]=$(get participant.id)
    key[$who]=$work/keys/$who.jwk
    [[ $scope == read ]] || run 0 participant add-key "${id[$who]}" --custody
    run 0 token create --participant "${id[$who]}" --scope "$scope" --label demo
    token[$who]=$(get token_text)
}

# The example invoices are of November 2026 and fall due from February 2027 on. Long before or after that the demo's clock is set.
demo_clock() {
    local real=$(date +%s) day
    day=$(date -u -d 2026-11-22T04:00:00Z +%s)
    if [[ $real -lt $(date -u -d 2026-11-21 +%s) || $real -gt $(date -u -d 2027-01-31 +%s) ]]; then
        export TALLYSTICK_CLOCK_OFFSET=$((day - real))
        note "The invoices are of November 2026, so this registry's clock starts on $(date -u -d "@$day" +%F)."
    fi
}

start_server() {
    "$tallystick" serve "$work/registry" --listen "$listen" >"$work/serve.out" 2>"$work/serve.err" &
    server_pid=$!
    local tries=0
    until grep -q '^listening on ' "$work/serve.out"; do # printed when it is ready
        kill -0 "$server_pid" 2>/dev/null || wrong "the server ended before it listened"
        tries=$((tries + 1))
        [[ $tries -lt 300 ]] || wrong "the server does not listen after 30 s"
        sleep 0.1
    done
    TALLYSTICK_URL=$(sed -n 's/^listening on //p' "$work/serve.out")
    export TALLYSTICK_URL
}

# A server in between that passes everything on but flips one bit in the entries.
start_liar() {
    "$python" - "$TALLYSTICK_URL" >"$work/liar.out" 2>/dev/null <<'PYTHON' &
import http.server, sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
class Liar(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = bytearray(opener.open(sys.argv[1] + self.path).read())
        if self.path.startswith("/tile/entries/"):
            body[len(body) // 2] ^= 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.HTTPServer(("127.0.0.1", 0), Liar)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
    liar_pid=$!
    local tries=0
    until [[ -s $work/liar.out ]]; do
        kill -0 "$liar_pid" 2>/dev/null || wrong "the lying server does not start"
        tries=$((tries + 1))
        [[ $tries -lt 100 ]] || wrong "the lying server does not listen"
        sleep 0.1
    done
    liar_url=http://127.0.0.1:$(cat "$work/liar.out")
}

# post PATH FILE: sends the file's bytes as a signed command with curl; the answer goes to out, its HTTP status is printed.
post() {
    curl -sS --noproxy '*' -o "$work/out" -w '%{http_code}' -H 'Content-Type: application/jose+json' --data-binary "@$2" \
        "$TALLYSTICK_URL$1"
}

# plain WHO PATH FILE: the same without a signature, with the token of WHO.
plain() {
    curl -sS --noproxy '*' -o "$work/out" -w '%{http_code}' -H "Authorization: Bearer ${token[$1]}" -H 'Content-Type: application/json' \
        --data-binary "@$3" "$TALLYSTICK_URL$2"
}

money() { printf '%s %s' "$(get "$1.currency")" "$(get "$1.$2")"; }

# ---- the story ----

chapter "A registry"
demo_clock
mkdir -m 700 "$work/keys"
run 0 init "$work/registry" --origin "$origin"
is origin "$origin"
vkey=$(get vkey)
id[operator]=$(get operator)
key[operator]=$(get operator_key)
export TALLYSTICK_ORIGIN=$origin TALLYSTICK_VKEY=$vkey
say "made in $run_ms ms; its public key, all that the world needs to check it:"
say "$vkey"
start_server
say "serving on $TALLYSTICK_URL"
as=operator
run 0 token create --participant "${id[operator]}" --label demo
token[operator]=$(get token_text)

chapter "Who takes part"
join 华东重工股份有限公司 core_enterprise core_enterprise --uscc 91310000132207185Y --country CN
join 苏州精工轴承有限公司 supplier supplier,core_enterprise --uscc 91320594MA1WJ4QX8P --country CN
join 宁波恒通铸造有限公司 supplier2 supplier --uscc 91330206758862130T --country CN
join "Nordwind Maschinenbau GmbH" nordwind core_enterprise --lei 529900NW4MB26HAMB170 --tax-id DE814826136 --country DE
join "Rheintal Präzisionsteile GmbH" rheintal supplier --tax-id DE271945084 --gln 4260123456016 --registration-no "HRB 23117" --country DE
join 长江商业银行 lender lender --country CN
join "登记审核部 (review desk)" reviewer reviewer
join 联合存证中心 auditor auditor,witness
as=operator
run 0 participant credit-line "${id[core_enterprise]}" --currency CNY --limit 20000000.00
is "participant.credit_lines[currency=CNY].limit" 20000000.00
run 0 participant list
say "$(get items#) participants, each with a key of its own; 华东重工 may owe up to CNY 20,000,000.00"

chapter "A supplier's invoice becomes a claim (UN/CEFACT CII)"
as=supplier
run 0 submit "$invoices/cii/suzhou-huadong.xml" --receipt "$work/receipt.json"
is receivable.life registered
first=$(get receivable.id)
say "苏州精工 signs and submits invoice $(get receivable.invoice.number), $(money receivable amount), due $(get receivable.due_date)"
say "the gateway's $(get receivable.review.checks#) checks: $(get receivable.review.outcome); registered as entry $(get receipt.seq) in $run_ms ms"
as=core_enterprise
run 0 confirm "$first"
is receivable.life confirmed
is claim.origin confirmed
is claim.holder "${id[supplier]}"
claim=$(get claim.id)
say "华东重工 confirms it (确权): claim over $(money claim outstanding_amount), entry $(get receipt.seq), in $run_ms ms"

chapter "The same invoice again is refused, however it arrives"
for file in ubl/suzhou-huadong.xml json/suzhou-huadong.json; do
    as=supplier
    run 1 submit "$invoices/$file"
    refused gateway-rejected invoice_unused
    say "$file: refused, $(get "errors[code=invoice_unused].detail")"
done

chapter "The debtor acknowledges less than was asked (JSON, with documents)"
as=supplier
run 0 submit "$invoices/json/suzhou-huadong-with-documents.json"
is receivable.amount 1356000.00
say "苏州精工 asks $(money receivable amount) with $(get receivable.documents#) document digests"
as=core_enterprise
run 0 confirm "$(get receivable.id)" --amount 1300000.00 --note "运输损耗扣减"
is receivable.confirmed_amount 1300000.00
is claim.outstanding_amount 1300000.00
say "华东重工 confirms CNY $(get receivable.confirmed_amount): the claim is that much and no more"

chapter "The second tier"
as=supplier2
run 0 submit "$invoices/json/ningbo-suzhou.json"
is receivable.amount 223740.00
say "宁波恒通 submits to 苏州精工: gross CNY 248600.00, of which $(money receivable amount) is payable"
as=supplier
run 0 confirm "$(get receivable.id)"
is claim.holder "${id[supplier2]}"
is claim.debtor "${id[supplier]}"
say "苏州精工, a supplier above, is the debtor here, and confirms: entry $(get receipt.seq)"

chapter "The core enterprise declares a payable itself"
as=core_enterprise
run 0 submit "$invoices/json/huadong-payable-to-suzhou.json"
is receivable.submitted_by debtor
say "华东重工 declares $(money receivable amount); its signature is the confirmation"
as=supplier
run 0 accept "$(get receivable.id)"
is claim.origin accepted
say "苏州精工 accepts (签收): claim over $(money claim outstanding_amount)"

chapter "A clerk with no program of ours: curl, a token, and a key that the registry keeps"
cat >"$work/plain.json" <<JSON
{"invoice": {"number": "SZ-2026-3001", "issue_date": "2026-11-20", "due_date": "2027-02-18", "currency": "CNY",
             "gross_amount": "113000.00", "buyer": {"identifiers": {"uscc": "91310000132207185Y"}}}}
JSON
status=$(plain supplier /v1/receivables "$work/plain.json")
is receivable.life registered
[[ $status == 201 ]] || wrong "the plain submission got status $status"
again=$(get receivable.id)
echo '{}' >"$work/empty.json"
status=$(plain core_enterprise "/v1/receivables/$again/confirm" "$work/empty.json")
is claim.face_amount 113000.00
say "苏州精工's clerk sends plain JSON, 华东重工's answers: claim over $(money claim face_amount); both entries say custody"
status=$(plain lender /v1/receivables "$work/plain.json")
refused scope-missing
say "a token that only reads cannot do that"

chapter "Both sides sign one command (UBL 2.1)"
as=rheintal
run 0 submit "$invoices/ubl/rheintal-nordwind.xml" --countersign "${key[nordwind]}"
is receivable.life confirmed
is claim.origin both_signed
say "Rheintal and Nordwind sign the invoice file itself: claim over $(money claim outstanding_amount) at once, $run_ms ms"

chapter "A month's invoices in one file (CSV)"
as=supplier
run 1 submit "$invoices/csv/suzhou-november.csv" "$invoices/ubl/rheintal-nordwind-credit-note.xml"
cp "$work/out" "$work/csv.json"
is "results[0].answer.registered" 11
is "results[0].answer.refused" 1
is "results[0].answer.results[0].problem.type" urn:tallystick:problem:gateway-rejected
say "12 rows: $(get "results[0].answer.registered") registered in $run_ms ms; the first is the invoice of chapter 3 and is refused"
is "results[1].answer.type" urn:tallystick:problem:not-a-receivable
say "a credit note beside it is refused too: $(get "results[1].answer.detail")"
confirmed=0
begin_ms=$(now_ms)
for row in 1 2 3 4 5; do
    cp "$work/csv.json" "$work/out"
    receivable=$(get "results[0].answer.results[$row].receivable.id")
    as=core_enterprise
    run 0 confirm "$receivable"
    confirmed=$((confirmed + 1))
done
say "华东重工 confirms $confirmed of them in $(($(now_ms) - begin_ms)) ms and leaves the others open"

chapter "The gateway holds what a person must look at"
cat >"$work/redirected.json" <<'JSON'
{"invoice": {"number": "26322000001837465777", "issue_date": "2026-11-19", "due_date": "2027-03-19", "currency": "CNY",
  "gross_amount": "340000.00",
  "seller": {"name": "苏州精工轴承有限公司", "identifiers": {"uscc": "91320594MA1WJ4QX8P"}},
  "buyer": {"name": "华东重工股份有限公司", "identifiers": {"uscc": "91310000132207185Y"}},
  "payee": {"name": "前海某商业保理有限公司"}}}
JSON
as=supplier
run 0 submit "$work/redirected.json"
is receivable.life held
is "receivable.review.checks[code=payee_is_seller].outcome" hold
held=$(get receivable.id)
say "an invoice that pays another than its seller: held. $(get "receivable.review.checks[code=payee_is_seller].detail")"
as=core_enterprise
run 1 confirm "$held"
refused not-found
say "its debtor sees nothing of it until then"
as=reviewer
run 0 list reviews --open true
is items# 1
is "items[0].id" "$held"
run 0 review approve "$held" --note "核对转让通知书,收款账户为卖方保理专户"
is receivable.life registered
is receivable.review.decision.outcome approved
as=core_enterprise
run 0 confirm "$held"
is receivable.life confirmed
say "the reviewer's queue holds it alone; approved with a signed note, then confirmed by 华东重工"

chapter "Forgeries"
open=$(cp "$work/csv.json" "$work/out" && get "results[0].answer.results[8].receivable.id")
path=/v1/receivables/$open/confirm
printf '{"note":"照单确认"}' >"$work/payload"
TALLYSTICK_KEY=${key[core_enterprise]} "$tallystick" sign --url "$path" "$work/payload" >"$work/genuine.jws"
"$python" - "$work" <<'PYTHON'
import base64, json, sys
jws = json.load(open(sys.argv[1] + "/genuine.jws"))
payload = bytearray(base64.urlsafe_b64decode(jws["payload"] + "=="))
payload[10] ^= 1
jws["payload"] = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
json.dump(jws, open(sys.argv[1] + "/flipped.jws", "w"))
PYTHON
[[ $(post "$path" "$work/flipped.jws") == 401 ]] || wrong "a flipped bit was not refused"
refused bad-signature
say "one bit of a signed confirmation flipped: $(get title)"
"$tallystick" keygen "$work/keys/stranger.jwk" >/dev/null
TALLYSTICK_KEY=$work/keys/stranger.jwk "$tallystick" sign --url "$path" "$work/payload" >"$work/stranger.jws"
[[ $(post "$path" "$work/stranger.jws") == 401 ]] || wrong "a stranger's key was not refused"
refused unknown-key
say "signed with a stranger's key: $(get title)"
as=supplier
run 1 confirm "$open"
refused not-permitted
say "confirmed by the supplier itself: $(get title)"
[[ $(post "$path" "$work/genuine.jws") == 200 ]] || wrong "the genuine command was refused"
cp "$work/out" "$work/genuine.answer"
[[ $(post "$path" "$work/genuine.jws") == 200 ]] || wrong "the genuine command was refused when sent again"
cmp -s "$work/out" "$work/genuine.answer" || wrong "the answer to a repeated command is not the stored one"
say "the genuine one is accepted; sent again it gets the stored answer, byte for byte, and acts once"
checks=$((checks + 4))

chapter "Who sees what"
as=lender
run 1 show claim "$claim"
refused not-found
as=supplier2
run 1 show receivable "$first"
refused not-found
say "长江商业银行 and 宁波恒通 are no parties to the first claim: for them there is nothing of that name"
as=supplier
run 0 list claims --part holder --currency CNY --all
holds=$(get items#)
is "items[0].currency" CNY
run 0 show claim "$claim" --history
say "苏州精工 sees the $holds CNY claims that it holds, and the $(get history#) entries behind the first"

chapter "A receipt, proven offline with the public key alone"
as=nobody
TALLYSTICK_URL=http://127.0.0.1:9 run 0 prove --check "$work/receipt.json" --vkey "$vkey"
is ok true
is type receivable.registered
say "entry $(get seq) is in the ledger of $(get size) entries that the registry signed, leaf $(get leaf | cut -c1-16)…, $run_ms ms"
"$python" - "$work" <<'PYTHON'
import json, sys
receipt = json.load(open(sys.argv[1] + "/receipt.json"))
at = receipt["entry"].index('"req":"') + len('"req":"')
digit = "0" if receipt["entry"][at] != "0" else "1"
receipt["entry"] = receipt["entry"][:at] + digit + receipt["entry"][at + 1:]
json.dump(receipt, open(sys.argv[1] + "/changed.json", "w"))
PYTHON
run 4 prove --check "$work/changed.json" --vkey "$vkey"
say "the same receipt with one digit of its entry changed: $(get error)"

chapter "The ledger, verified from outside with the public key alone"
run 0 verify "$TALLYSTICK_URL" --vkey "$vkey" --state "$work/witness.state"
is ok true
seen=$(get size)
say "$(get entries_checked) entries, their chain, $(get tiles_fetched) tiles and bundles, the signed root: all agree, $(get elapsed_ms) ms"
as=core_enterprise
run 0 reject "$(cp "$work/csv.json" "$work/out" && get "results[0].answer.results[9].receivable.id")" --reason differs_from_contract
as=nobody
run 0 verify "$TALLYSTICK_URL" --vkey "$vkey" --state "$work/witness.state"
is previous_size "$seen"
size=$(get size)
say "one entry later: the ledger of $size entries continues the $seen seen before"
start_liar
run 4 verify "$liar_url" --vkey "$vkey" --state "$work/other.state"
is ok false
say "through a server that flips one bit of one entry: $(get finding)"
stop_process "$liar_pid"
liar_pid=

if [[ $serve == no ]]; then
    chapter "The audit, from inside"
    kill -TERM "$server_pid"
    status=0
    wait "$server_pid" || status=$?
    server_pid=
    [[ $status -eq 0 ]] || wrong "the server ended with exit code $status"
    run 0 audit "$work/registry"
    is ok true
    is entries "$size"
    is findings# 0
    say "$(get entries) entries and $(get commands) signed commands replayed, every table rebuilt and compared: no finding, $run_ms ms"
    cp -a "$work/registry" "$work/tampered"
    "$python" - "$work/tampered/ledger.db" <<'PYTHON'
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
changed = database.execute("UPDATE claims SET outstanding_minor = outstanding_minor - 100 WHERE outstanding_minor = 52951800").rowcount
database.commit()
assert changed == 1, changed
PYTHON
    run 4 audit "$work/tampered"
    is ok false
    say "a copy in which someone lowered the first claim by CNY 1.00 behind the registry's back: found,"
    say "table $(get "findings[0].table"): $(get "findings[0].detail")"
    printf '\n%sAll as it should be: %d checks, %d ledger entries, %d ms.%s\n' "$green$bold" "$checks" "$size" \
        "$(($(now_ms) - started_ms))" "$off"
    exit 0
fi

printf 'url: %s\nvkey: %s\norigin: %s\n' "$TALLYSTICK_URL" "$vkey" "$origin"
for who in supplier core_enterprise lender reviewer auditor operator; do
    printf 'token %s: %s\n' "$who" "${token[$who]}"
done
for who in supplier core_enterprise lender reviewer auditor operator supplier2 rheintal nordwind; do
    printf 'key %s: %s\n' "$who" "${key[$who]}"
done
[[ -z ${TALLYSTICK_CLOCK_OFFSET-} ]] || printf 'clock offset: %s\n' "$TALLYSTICK_CLOCK_OFFSET"
printf '%sCtrl-C ends it and removes the registry.%s\n' "$dim" "$off" >&2

# `wait` returns when a signal is trapped, so the server hears of it at once and is waited for again.
stop=no
trap 'stop=yes; kill -TERM "$server_pid" 2>/dev/null || true' INT TERM
status=0
wait "$server_pid" || status=$?
while kill -0 "$server_pid" 2>/dev/null; do
    status=0
    wait "$server_pid" || status=$?
done
server_pid=
[[ $stop == yes ]] && exit 0
exit "$status"
