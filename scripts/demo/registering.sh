# The story's first part: a registry, invoices becoming claims, refusals, a receipt. Sourced by demo.sh.
# shellcheck shell=bash

chapter "A registry"
mkdir -m 700 "$work/keys" "$work/webhooks"
demo_clock
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
run 0 token create --participant "${id[operator]}" --days 400 --label demo
token[operator]=$(get token_text)

chapter "Who takes part"
join 华东重工股份有限公司 core_enterprise core_enterprise --uscc 91310000132207185Y --country CN
join 苏州精工轴承有限公司 supplier supplier,core_enterprise --uscc 91320594MA1WJ4QX8P --country CN
join 宁波恒通铸造有限公司 supplier2 supplier --uscc 91330206758862130T --country CN
join "Nordwind Maschinenbau GmbH" nordwind core_enterprise --lei 529900NW4MB26HAMB170 --tax-id DE814826136 --country DE
join "Rheintal Präzisionsteile GmbH" rheintal supplier --tax-id DE271945084 --gln 4260123456016 --registration-no "HRB 23117" --country DE
join 长江商业银行 lender lender --country CN
join 太湖农村商业银行 lender2 lender --country CN
join 华东支付清算银行 bank bank --country CN
join 临港区人民法院 authority authority --country CN
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
whole=$(get claim.id)
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
payable=$(get claim.id)
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
clerks=$(get claim.id)
say "苏州精工's clerk sends plain JSON, 华东重工's answers: claim over $(money claim face_amount); both entries say custody"
status=$(plain reviewer /v1/receivables "$work/plain.json")
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
now_ms begin_ms
for row in 1 2 3 4 5; do
    cp "$work/csv.json" "$work/out"
    receivable=$(get "results[0].answer.results[$row].receivable.id")
    as=core_enterprise
    run 0 confirm "$receivable"
    confirmed=$((confirmed + 1))
done
now_ms end_ms
say "华东重工 confirms $confirmed of them in $((end_ms - begin_ms)) ms and leaves the others open"

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
