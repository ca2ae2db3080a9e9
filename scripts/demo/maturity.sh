# The story's fourth part: disputes, orders of a court, certificates, and the day on which the money is due. Sourced by demo.sh.
# shellcheck shell=bash

# shared AMOUNT OUTSTANDING…: the shares of a payment computed by hand: in proportion, cents left over by largest fraction.
shared() {
    "$python" -IS - "$@" <<'PYTHON'
import sys
amount, *owed = [int(text.replace(".", "")) for text in sys.argv[1:]]
shares = [amount * part // sum(owed) for part in owed]
by_fraction = sorted(range(len(owed)), key=lambda i: (-(amount * owed[i] % sum(owed)), i))
for i in by_fraction[:amount - sum(shares)]:
    shares[i] += 1
assert sum(shares) == amount
print(*[f"{share // 100}.{share % 100:02}" for share in shares])
PYTHON
}

# less A B: A − B.
less() { "$python" -IS -c 'import sys; from decimal import Decimal as D; print(D(sys.argv[1]) - D(sys.argv[2]))' "$@"; }

# paid AMOUNT OUTSTANDING-OF-kept -OF-passed -OF-rest: the payment in the last answer is shared so; says it.
paid() {
    local of_kept of_passed of_rest
    read -r of_kept of_passed of_rest <<<"$(shared "$@")"
    is payment.amount "$1"
    is payment.shares# 3
    is "payment.shares[claim=$kept].amount" "$of_kept"
    is "payment.shares[claim=$passed].amount" "$of_passed"
    is "payment.shares[claim=$rest].amount" "$of_rest"
    is "payment.shares[claim=$passed].payee" "${id[lender]}"
    say "长江商业银行 $of_passed, 苏州精工 $of_kept and $of_rest: to the cent, as computed by hand"
}

chapter "A dispute, and an order of the court"
as=core_enterprise
run 0 dispute "$rest" --reason value_differs --note "短少两箱"
is "claim.locks[0]" disputed
as=supplier
run 1 transfer "$rest" --to "${id[supplier2]}"
refused claim-locked
say "华东重工 disputes the CNY 79518.00: until it is resolved $(problem), $(get detail)"
as=core_enterprise
run 0 resolve "$rest" --note "核对送货单,数量无误"
is claim.locks# 0
as=authority
run 0 freeze "$kept" --order "(2026)沪0115执保字第771号"
is "claim.locks[0]" frozen
as=supplier
run 1 finance request "$kept" --pay-to "苏州精工轴承有限公司 1102020409000654321"
refused claim-locked
say "resolved. 临港区人民法院 freezes the CNY 250000.00: no financing, $(get detail)"
as=authority
run 0 unfreeze "$kept" --order "(2026)沪0115执保字第771号之一"
is claim.locks# 0
say "and lifts the order: free again"

chapter "A certificate, proven"
as=lender
run 0 certificate "$passed" --out "$work/certificate.json"
is "interests[0].kind" ownership
is "interests[0].participant" "${id[lender]}"
entries=$(get entries#)
say "长江商业银行's certificate: owner in rank 1, debtor told $(get "interests[0].notified_at"); $entries entries, each proven with the public key"
run 0 certificate "$passed" --at "$before_sale"
is "interests[0].participant" "${id[supplier2]}"
is claim.encumbrance free
say "as of $before_sale: owner 宁波恒通, free of others' rights; $(get entries#) entries"
"$python" -I - "$work" <<'PYTHON'
import json, sys
certificate = json.load(open(sys.argv[1] + "/certificate.json"))
json.dump(certificate["entries"][-1], open(sys.argv[1] + "/last.json", "w"))
PYTHON
as=nobody
TALLYSTICK_URL=http://127.0.0.1:9 run 0 prove --check "$work/last.json" --vkey "$vkey"
is ok true
is type financing.disbursed
say "its last entry, $(get type), taken out and checked again without any network: in the signed ledger of $(get size) entries"

# With --serve the clock stays where it is: the claims that are served are young.
if [[ $serve == no ]]; then
    chapter "8 March 2027: the claim is due"
    stop_server
    clock_offset $(($(date -u -d 2027-03-08T02:00:00Z +%s) - $(date +%s)))
    start_server
    as=operator
    run 0 sweep
    is failed 0
    run 0 participant show "${id[core_enterprise]}"
    is stopped true
    is overdue_claims 21
    say "the server ends and starts again on that day. Claims of 18 February are overdue, so 华东重工 is on the stop list:"
    as=supplier
    run 1 transfer "$kept" --to "${id[supplier2]}"
    refused claim-locked
    say "what it owes can be neither passed on nor financed; $(get detail)"
    as=bank
    run 0 pay "$claim" 100000.01 --reference ZF20270308-0001
    payment=$(get payment.id)
    say "华东支付清算银行 reports that 华东重工 paid CNY 100000.01 on it. Today's holders get, in proportion:"
    paid 100000.01 250000.00 200000.00 79518.00
    cp "$work/out" "$work/payment.json"
    run 1 pay "$claim" 529518.00 --reference ZF20270308-0002
    refused payment-refused
    say "more than is still owed: $(problem), $(get detail)"
    run 1 pay "$claim" 429517.99 --reference ZF20270308-0001
    refused already-exists
    say "under the same bank reference: $(get detail)"
    as=supplier2
    run 1 show payment "$payment"
    refused not-found
    left() { cp "$work/payment.json" "$work/out" && get "payment.shares[claim=$1].amount"; }
    owed=("$(less 250000.00 "$(left "$kept")")" "$(less 200000.00 "$(left "$passed")")" "$(less 79518.00 "$(left "$rest")")")
    as=bank
    run 0 pay "$passed" 429517.99 --reference ZF20270308-0002
    say "and the rest, CNY 429517.99:"
    paid 429517.99 "${owed[@]}"
    told lender payment.recorded
    as=lender
    run 0 show claim "$passed"
    is life settled
    is outstanding_amount 0.00
    run 0 show financing "$financing"
    is status repaid
    run 0 program show "$program"
    is drawn_amount 457650.00
    as=supplier
    for piece in "$kept" "$rest"; do
        run 0 show claim "$piece"
        is life settled
    done
    say "all three claims are settled, the financing is repaid, the bank's endpoint is told; CNY 180000.00 of its limit are free again"
    as=operator
    run 1 participant clear "${id[core_enterprise]}" --reason "已承诺付款"
    refused wrong-state
    as=core_enterprise
    run 0 pay "$payable" 508500.00 --reference HD-2027-0308-1
    is payment.shares# 20
    run 0 pay "$clerks" 113000.00 --reference HD-2027-0308-2
    as=lender
    run 0 program show "$program"
    is drawn_amount 0.00
    as=operator
    run 0 participant clear "${id[core_enterprise]}" --reason "逾期款已结清"
    is participant.stopped false
    say "华东重工 pays what is overdue, 20 shares in one entry; nothing of the program is drawn, and it leaves the stop list"
fi
