# The story's third part: a lender's program, and the way from a request to the money. Sourced by demo.sh.
# shellcheck shell=bash

# interest ADVANCE DUE-DATE PPM BASIS: of an advance in minor units from today on, rounded half to even, as amount.
interest() {
    "$python" -IS - "$1" "$2" "$(demo_now %F)" "$3" "$4" <<'PYTHON'
import datetime, sys
advance, ppm, basis = int(sys.argv[1]), int(sys.argv[4]), int(sys.argv[5])
days = (datetime.date.fromisoformat(sys.argv[2]) - datetime.date.fromisoformat(sys.argv[3])).days
whole, left = divmod(advance * ppm * days, 1000000 * basis)
whole += 2 * left > 1000000 * basis or (2 * left == 1000000 * basis and whole % 2)
print(f"{whole // 100}.{whole % 100:02}")
PYTHON
}

# accept_timed OFFER…: the holder in `as` accepts them; what accept.py prints becomes the last answer.
accept_timed() {
    checks=$((checks + $#))
    TALLYSTICK_KEY=${key[$as]} TALLYSTICK_TOKEN=${token[$as]} "$python" -I "$root/scripts/demo/accept.py" "$tallystick" \
        "$work/webhooks/lender" "$@" >"$work/out" 2>"$work/err" || wrong "accepting failed"
}

chapter "A lender's program: a standing offer that binds it"
as=lender
run 0 program open "华东重工链融资" --kind sale --recourse no --currency CNY --debtor "${id[core_enterprise]}" --tenor-max 240 \
    --amount-min 10000.00 --amount-max 2000000.00 --advance-rate 90% --annual-rate 4.35% --day-count 360 --fee 100.00 \
    --total-limit 1500000.00 --debtor-limit 1500000.00 --valid-until "$(in_days 365)"
is program.status open
is program.drawn_amount 0.00
program=$(get program.id)
say "长江商业银行 buys claims on 华东重工 without recourse: 90% at once, 4.35% a year, fee CNY 100.00, CNY 1500000.00 in all"
as=supplier
run 0 program show "$program"
is drawn_amount ""
is debtors ""
say "all may read it; how much of it is drawn, and for which debtors it is, the lender alone"

chapter "Money within a second (秒级放款)"
as=supplier2
run 0 finance request "$passed" --pay-to "宁波恒通铸造有限公司 3901110009200123456" --note "采购生铁"
is request.status open
is offers# 1
is "offers[0].program" "$program"
is "offers[0].advance_amount" 180000.00
is "offers[0].interest_amount" "$(interest 18000000 2027-03-08 43500 360)"
request=$(get request.id)
offer=$(get "offers[0].id")
net=$(get "offers[0].net_amount")
say "宁波恒通 asks for financing of its CNY 200000.00; in the same $run_ms ms the program has offered:"
say "advance 180000.00 − interest $(get "offers[0].interest_amount") (to 2027-03-08, as computed by hand) − fee $(get "offers[0].fee_amount") = CNY $net"
as=lender2
run 0 offer make "$request" --kind sale --recourse no --advance-rate 85% --annual-rate 5.1% --day-count 360 \
    --valid-until "$(in_days 1)" --disburse-within-minutes 60
other_offer=$(get offer.id)
as=supplier2
run 0 finance offers "$request"
is items# 2
is "items[0].id" "$offer"
say "太湖农商银行 offers less by hand; 宁波恒通 sees both, the cheaper first"
accept_timed "$offer"
is "answers[0].financing.status" instructed
is "answers[0].financing.instruction.amount" "$net"
is "messages[0].data.facts.pay_to" "宁波恒通铸造有限公司 3901110009200123456"
financing=$(get "answers[0].financing.id")
say "it accepts the first: $(get ms.max) ms later the signed instruction to pay CNY $net is at 长江商业银行's endpoint, and verifies"

# The true message with another account, as someone would send it who knows the endpoint but not its secret.
"$python" -I - "$work" <<'PYTHON'
import json, sys
message = json.load(open(sys.argv[1] + "/out", encoding="utf-8"))["messages"][0]
message["data"]["facts"]["pay_to"] = "某人 6222020000000000000"
json.dump(message, open(sys.argv[1] + "/forged.json", "w", encoding="utf-8"))
PYTHON
status=$(curl -sS --noproxy '*' -o "$work/forged.answer" -w '%{http_code}' -H "webhook-id: msg_forged_1" -H "webhook-timestamp: $(demo_now %s)" \
    -H "webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=" --data-binary "@$work/forged.json" "$receiver_url/lender")
[[ $status == 401 ]] || wrong "the endpoint took a forged instruction (status $status)"
checks=$((checks + 1))
say "the same instruction with another account, not signed by the registry: the endpoint refuses it ($status)"

chapter "The same claim a second time"
as=lender2
run 1 offer make "$request" --kind sale --recourse no --advance-rate 95% --annual-rate 3% --day-count 360 \
    --valid-until "$(in_days 1)" --disburse-within-minutes 60
refused wrong-state
say "太湖农商银行 bids higher, too late: $(problem), $(get detail)"
run 0 check 26322000001837465021 --seller "${id[supplier]}" --debtor "${id[core_enterprise]}" --issue-date 2026-11-09 \
    --currency CNY --amount 529518.00
is check.financed true
say "and when it asks about the invoice it hears: financed, not by whom"
as=supplier2
run 1 finance accept "$other_offer"
refused wrong-state
say "宁波恒通 accepts the other offer as well: $(problem), $(get detail)"
run 1 finance request "$passed" --pay-to "宁波恒通铸造有限公司 3901110009200123456"
refused claim-encumbered
say "or asks anew: $(problem), $(get detail)"
as=supplier
run 0 finance request "$kept" --lender "${id[lender2]}" --pay-to "苏州精工轴承有限公司 1102020409000654321"
is offers# 0
run 1 finance request "$kept" --pay-to "苏州精工轴承有限公司 1102020409000654321"
refused claim-encumbered
say "苏州精工 offers one claim to two lenders at once: claim-encumbered, $(get detail)"
run 0 list requests --status open
is items# 1
run 0 finance withdraw "$(get "items[0].id")"
is request.status withdrawn

chapter "The money is paid"
as=lender
run 0 finance disburse "$financing" --reference CJ20261122-000917 --registration-number 20261122000917463
is financing.status disbursed
is financing.registration_number 20261122000917463
say "paid: bank reference $(get financing.bank_reference), 中登网 $(get financing.registration_number)"
run 0 show claim "$passed"
is holder "${id[lender]}"
is encumbrance sold
as=supplier2
run 0 grant show "$grant"
is status ended
as=lender
run 0 program show "$program"
is drawn_amount 180000.00
say "the claim is the bank's, what 宁波恒通 granted on it has ended; CNY $(get drawn_amount) of its program's $(get total_limit) are drawn"

chapter "Twenty in a row, timed"
mapfile -t amounts < <(for _ in {1..20}; do echo 25425.00; done)
as=supplier
run 0 split "$payable" "${amounts[@]}"
is claims# 20
cp "$work/out" "$work/twenty.json"
offers=()
for piece in {0..19}; do
    cp "$work/twenty.json" "$work/out"
    run 0 finance request "$(get "claims[$piece].id")" --pay-to "苏州精工轴承有限公司 1102020409000654321"
    offers+=("$(get "offers[0].id")")
done
accept_timed "${offers[@]}"
is answers# 20
say "苏州精工 divides CNY 508500.00 into 20, asks and accepts 20 times: 20 instructions at the bank's endpoint, each verified"
say "from the start of the holder's client to the instruction's arrival: p50 $(get ms.p50) ms, slowest $(get ms.max) ms"
cp "$work/out" "$work/accepted.json"
as=lender
for piece in {0..19}; do
    cp "$work/accepted.json" "$work/out"
    run 0 finance disburse "$(get "answers[$piece].financing.id")" --reference "$(printf 'CJ20261122-1%05d' "$piece")" --registration-number "$(printf '202611220009%05d' "$piece")"
done
run 0 program show "$program"
is drawn_amount 637650.00
as=supplier
run 0 finance request "$whole" --pay-to "苏州精工轴承有限公司 1102020409000654321"
is offers# 0
run 0 finance withdraw "$(get request.id)"
say "all paid; CNY 637650.00 of 1500000.00 are drawn, and for a claim that does not fit in the rest no offer is made"
