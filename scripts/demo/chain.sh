# The story's second part: a claim goes down the chain, and who may see what of it. Sourced by demo.sh.
# shellcheck shell=bash

# claim_of PARTICIPANT MEMBER: of the claims in the last answer, the id of the one whose MEMBER (holder, offered_to) that is.
claim_of() { get "claims[$2=${id[$1]}].id"; }

chapter "The claim is divided and a part of it passed down to the second tier"
start_helper receiver "$work/webhooks"
receiver_pid=$helper_pid
receiver_url=$helper_url
endpoint core_enterprise claim.transferred
endpoint lender financing.accepted,payment.recorded
say "华东重工 and 长江商业银行 give the registry endpoints of their own systems; each has a secret to verify messages with"
as=supplier
run 1 split "$claim" 250000.00 279518.01
refused amount-out-of-range
say "苏州精工 divides CNY 529518.00 into 250000.00 and 279518.01: refused, $(get detail)"
run 0 split "$claim" 250000.00 279518.00
is claim.life split
is claims# 2
kept=$(get "claims[face_amount=250000.00].id")
half=$(get "claims[face_amount=279518.00].id")
say "into 250000.00 and 279518.00: entry $(get receipt.seq), in $run_ms ms"
run 0 transfer "$half" --to "${id[supplier2]}=200000.00" --note "抵付铸件货款"
is claim.life split
passed=$(claim_of supplier2 offered_to)
rest=$(get "claims[face_amount=79518.00].id")
is "claims[face_amount=79518.00].holder" "${id[supplier]}"
say "and offers CNY 200000.00 of the second to 宁波恒通; the entry divides it and keeps 79518.00 back"
as=lender
run 1 accept-transfer "$passed"
refused not-found
as=supplier2
run 0 accept-transfer "$passed"
is claim.holder "${id[supplier2]}"
is claim.hop 1
is claim.debtor "${id[core_enterprise]}"
say "宁波恒通 accepts: it now holds a claim on 华东重工, passed on $(get claim.hop) time, in $run_ms ms"
told core_enterprise claim.transferred
is message.data.facts.claim_id "$passed"
as=core_enterprise
run 0 acknowledge "$passed"
run 0 show claim "$passed"
[[ -n $(get notice.notified_at) && -n $(get notice.acknowledged_at) ]] || wrong "the notice is not complete"
before_sale=$(get updated_at)
say "华东重工's endpoint is told (the message's signature verifies) and acknowledges that it owes 宁波恒通 now"
as=supplier
run 1 transfer "$claim" --to "${id[supplier2]}"
refused wrong-state
run 1 transfer "$passed" --to "${id[supplier2]}"
say "苏州精工 can pass on neither what it divided nor what it passed on: $(get title)"
as=supplier2
run 0 lineage "$passed"
is root "$claim"
is items# 5
is "items[id=$passed].outstanding_amount" 200000.00
is "items[id=$rest].outstanding_amount" ""
say "宁波恒通 sees where it comes from, $(get items#) claims in three generations, and amounts of its own alone"

chapter "A grant, and a question that reveals nothing"
as=lender
run 0 check 26322000001837465021 --seller uscc=91320594MA1WJ4QX8P --debtor uscc=91310000132207185Y --issue-date 2026-11-09 \
    --currency CNY --amount 529518.00
is check.registered true
is check.financed false
say "长江商业银行 asks whether invoice …5021 is registered or financed: registered, not financed; the question is entry $(get receipt.seq)"
run 0 check 26322000001837465021 --seller uscc=91320594MA1WJ4QX8P --debtor uscc=91310000132207185Y --issue-date 2026-11-09 \
    --currency CNY --amount 529518.01
is check.registered false
say "with one cent more on it: no such invoice"
run 1 show claim "$passed"
refused not-found
as=supplier2
run 0 grant make "$passed" "${id[lender]}" --fields amounts,due_date,debtor,state --note "融资前尽调"
is grant.status active
grant=$(get grant.id)
as=lender
run 0 show claim "$passed"
is access granted
is outstanding_amount 200000.00
is debtor "${id[core_enterprise]}"
is holder ""
is invoice ""
say "宁波恒通 shows it four groups of fields: amounts ($(get currency) $(get outstanding_amount)), due date ($(get due_date)), debtor, state"
as=lender2
run 1 show claim "$passed"
refused not-found
say "太湖农商银行 was granted nothing and sees nothing: $(get title)"
