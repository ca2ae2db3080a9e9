#!/usr/bin/env bash
# The main job, step by step: from a key of one's own to a financed claim, each step verified. What a program needs next is
# printed on standard output, what a person wants to know on standard error.
set -euo pipefail
# shellcheck source=tallystick.sh
source "$(dirname "$0")/tallystick.sh"

usage() {
    ts_die 2 "usage: $0 COMMAND
  keygen FILE                                  makes a key; prints its public half
  register NAME ROLE KIND=IDENTIFIER PUBLIC    for the operator: adds a participant; prints its id
  token PARTICIPANT                            makes a token for reading; prints it
  submit INVOICE                               submits an invoice (.json, or UBL or CII as .xml); prints the receivable's id
  confirm RECEIVABLE                           for the debtor: confirms it; prints the claim's id
  ask CLAIM PAY-TO                             asks lenders for money on a claim; prints the cheapest offer's id
  accept OFFER                                 accepts an offer: the lender is told to pay; prints the financing's id
  claim CLAIM                                  reads a claim and verifies its history; prints it
  verify                                       verifies the ledger's head against all that was seen before; prints its size"
}

tell() { printf '%s\n' "$*" >&2; }
fact() { jq -r "$1" "$ts_facts"; }
entry() { jq -r '"\(.type): entry \(.seq), verified"' "$ts_entry"; }
# act PATH JQ-ARGUMENT…: a command whose payload jq makes.
act() {
    jq -nc "${@:2}" >"$ts_tmp/payload"
    ts_act "$1" "$ts_tmp/payload"
}

command=${1-}
[[ -z $command ]] || shift
case $command/$# in
keygen/1)
    ts_keygen "$1"
    tell "The private key is in $1; give the operator the public one."
    ;;
register/4)
    act /v1/participants --arg name "$1" --arg role "$2" --arg kind "${3%%=*}" --arg value "${3#*=}" --arg key "$4" \
        '{$name, roles: [$role], identifiers: {($kind): $value}, public_key: $key}'
    fact .participant_id
    tell "$1 is registered: entry $(jq .seq "$ts_entry"), verified"
    ;;
token/1)
    # For 30 days. The registry is told the token's hash, never the token.
    token=ts_$(openssl rand 32 | ts_b64url)
    act /v1/tokens --arg participant "$1" --arg hash "$(printf %s "$token" | ts_sha256)" --arg until "$(date -u -d '30 days' +%FT%TZ)" \
        '{$participant, token_sha256: $hash, scopes: ["read"], expires_at: $until}'
    printf '%s\n' "$token"
    ;;
submit/1)
    cty=
    [[ $1 != *.xml ]] || cty=application/xml
    [[ -r $1 ]] || ts_die 5 "$1 cannot be read"
    ts_act /v1/receivables "$1" $cty
    [[ $(fact .document_sha256) == "$(ts_sha256 <"$1")" ]] || ts_unverified "the ledger speaks of another document than the one submitted"
    fact .receivable_id
    tell "$(entry)"
    # What the gateway found: the checks are facts of the entry, so nobody can say later that it found something else.
    fact '"review: \(.review_outcome); \(.checks | map(strings) | length) of \(.checks | length) checks passed",
          (.checks[] | objects | "  \(.outcome): \(.code) at \(if .pointer == "" then "the whole" else .pointer end): \(.detail)")' >&2
    [[ $(jq -r .type "$ts_entry") != receivable.held ]] || tell "A reviewer of the registry decides; until then the debtor cannot confirm."
    ;;
confirm/1)
    act "/v1/receivables/$1/confirm" '{}'
    fact .claim_id
    tell "$(entry); $(fact .face_minor) minor units are owed"
    ;;
ask/2)
    [[ -n ${TALLYSTICK_TOKEN-} ]] || ts_die 2 "Please set TALLYSTICK_TOKEN."
    act /v1/financing_requests --arg claim "$1" --arg pay_to "$2" '{claims: [$claim], $pay_to}'
    request=$(fact .request_id)
    offer=$(jq -r '.offers[0].seq // empty' "$ts_answer") # programs of lenders offer at once, the cheapest first
    tell "$(entry); $(jq '.offers | length' "$ts_answer") offers at once"
    [[ -n $offer ]] || { tell "Lenders may still offer: see /v1/financing_requests/$request"; exit 0; }
    # The answer's offers are the registry's word. What the lender is bound by is the offer's own entry.
    ts_get "/v1/entries/$offer"
    mv "$ts_answer" "$ts_tmp/offer"
    ts_get "/v1/entries/$offer/proof"
    jq -c --rawfile proof "$ts_answer" '{disclosures: []} + . + {$proof}' "$ts_tmp/offer" >"$ts_tmp/receipt" || ts_unverified "the offer cannot be read"
    ts_receipt_check "$ts_tmp/receipt"
    [[ $(jq -r .type "$ts_entry") == offer.made && $(fact .request_id) == "$request" ]] || ts_unverified "the offer is not one on this request"
    fact .offer_id
    tell "$(entry); $(fact '"advance \(.advance_minor) - interest \(.interest_minor) - fee \(.fee_minor) = \(.advance_minor - .interest_minor - .fee_minor) minor units of \(.currency)"')"
    ;;
accept/1)
    act "/v1/offers/$1/accept" '{}'
    fact .financing_id
    tell "$(entry); $(fact '"\(.net_minor) minor units of \(.currency) go to \(.pay_to) by \(.disburse_by)"')"
    ;;
claim/1)
    [[ -n ${TALLYSTICK_TOKEN-} ]] || ts_die 2 "Please set TALLYSTICK_TOKEN."
    ts_get "/v1/claims/$1/certificate"
    cp "$ts_answer" "$ts_tmp/certificate"
    jq -c '.entries[]' "$ts_tmp/certificate" >"$ts_tmp/entries" || ts_unverified "the certificate cannot be read"
    while IFS= read -r receipt; do
        printf %s "$receipt" >"$ts_tmp/receipt"
        ts_receipt_check "$ts_tmp/receipt"
        tell "$(jq -r '"entry \(.seq) of \(.at), verified: \(.type)"' "$ts_entry")"
    done <"$ts_tmp/entries"
    jq .claim "$ts_tmp/certificate"
    ;;
verify/0)
    ts_verify
    printf '%s\n' "$ts_now_size"
    tell "verified: $ts_now_size entries, root $ts_now_root; it continues all that was seen before"
    ;;
*) usage ;;
esac
