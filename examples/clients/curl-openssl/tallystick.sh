# Functions of a Tallystick client, to be sourced or copied: bash, curl, openssl (3.0 or newer), jq and coreutils.
#
#   source tallystick.sh
#   ts_act /v1/receivables invoice.json     # signed, sent until answered, its receipt verified
#   jq -r .receivable_id "$ts_facts"        # what the ledger says
#
# Settings: TALLYSTICK_URL, TALLYSTICK_VKEY, TALLYSTICK_KEY (a JWK file), TALLYSTICK_TOKEN (for reads), TALLYSTICK_STATE.
# A function that fails says why and ends the shell: 1 refused, 2 usage, 3 unreachable, 4 NOT VERIFIED, 5 a fault here.
# shellcheck shell=bash

ts_state=${TALLYSTICK_STATE:-tallystick-state} # of this client's own: commands not answered yet, receipts, the last checkpoint
ts_tmp=$(mktemp -d) # readable for its owner only
trap 'rm -rf "$ts_tmp"' EXIT
ts_answer=$ts_tmp/answer  # the last answer's body
ts_entry=$ts_tmp/entry    # the last proven entry, its exact bytes
ts_facts=$ts_tmp/facts    # and what it says: one JSON object
mkdir -p -m 700 "$ts_state" "$ts_state/outbox" "$ts_state/receipts"

ts_die() {
    local code=$1
    shift
    printf '%s\n' "$*" >&2
    exit "$code"
}
ts_unverified() { ts_die 4 "VERIFICATION FAILED: $*"; }

# ---- encodings: hexadecimal in variables, bytes in files and pipes ----

ts_hex() { od -An -v -tx1 | tr -d ' \n'; }
ts_unhex() {
    local i escaped=
    for ((i = 0; i < ${#1}; i += 2)); do escaped+="\\x${1:i:2}"; done
    printf '%b' "$escaped"
}
ts_b64url() { base64 -w0 | tr -- '+/' '-_' | tr -d =; }
# Standard base64 or base64url, padded or not, of the first argument.
ts_unb64() {
    local text=${1//-/+}
    text=${text//_//}
    text=${text%%=*}
    case $((${#text} % 4)) in 2) text+='==' ;; 3) text+='=' ;; esac
    base64 -d <<<"$text" 2>/dev/null || ts_unverified "what should be base64 is not"
}
ts_sha256() { local sum; sum=$(sha256sum) && printf '%s' "${sum%% *}"; }

# ts_keep FILE: standard input; the file has its name only once all of it is on the disk.
ts_keep() { (umask 077 && cat >"$1.new" && sync "$1.new" && mv "$1.new" "$1" && sync "${1%/*}") || ts_die 5 "$1 cannot be written"; }

# ---- keys ----

# ts_keygen FILE: a new key as JWK, the form in which every program of Tallystick reads it; prints its public half.
ts_keygen() {
    local public
    [[ ! -e $1 ]] || ts_die 5 "$1 exists already"
    (umask 077 && openssl genpkey -algorithm ed25519 -outform DER -out "$ts_tmp/new.der") || ts_die 5 "openssl makes no key"
    public=$(openssl pkey -inform DER -in "$ts_tmp/new.der" -pubout -outform DER | tail -c 32 | ts_b64url)
    tail -c 32 "$ts_tmp/new.der" | ts_b64url |
        jq -Rc --arg x "$public" '{crv: "Ed25519", d: ., kty: "OKP", x: $x}' | ts_keep "$1"
    printf '%s\n' "$public"
}

# The JWK as PEM for openssl (RFC 8410: sixteen fixed bytes, then the seed), and its kid, the thumbprint of RFC 7638.
ts_key_open() {
    local file=${TALLYSTICK_KEY:?Please set TALLYSTICK_KEY} x
    [[ $(jq -r .crv "$file") == Ed25519 ]] || ts_die 5 "$file holds no Ed25519 key"
    { ts_unhex 302e020100300506032b657004220420; ts_unb64 "$(jq -r .d "$file")"; } |
        openssl pkey -inform DER -out "$ts_tmp/key.pem" || ts_die 5 "$file holds no Ed25519 key"
    x=$(jq -r .x "$file")
    ts_kid=$(printf '{"crv":"Ed25519","kty":"OKP","x":"%s"}' "$x" | sha256sum | cut -c1-64)
    ts_kid=$(ts_unhex "$ts_kid" | ts_b64url)
}

# NAME+HEX+BASE64: the log's name, an id made of name and key, and the key (C2SP signed-note). As PEM (RFC 8410) for openssl.
ts_vkey_open() {
    [[ -z ${ts_origin-} ]] || return 0
    local vkey=${TALLYSTICK_VKEY:?Please set TALLYSTICK_VKEY} typed id
    ts_origin=${vkey%%+*}
    vkey=${vkey#*+}
    ts_key_id=${vkey%%+*}
    typed=$(ts_unb64 "${vkey#*+}" | ts_hex)
    id=$({ printf '%s\n' "$ts_origin"; ts_unhex "$typed"; } | ts_sha256)
    [[ ${#typed} -eq 66 && ${typed:0:2} == 01 && ${id:0:8} == "$ts_key_id" ]] || ts_die 2 "TALLYSTICK_VKEY is no vkey of an Ed25519 key"
    ts_unhex "302a300506032b6570032100${typed:2}" | openssl pkey -pubin -inform DER -out "$ts_tmp/log.pem"
}

# ---- HTTP ----

# ts_send PATH [BODY-FILE]: one request. curl repeats it while the registry is away or asks for patience (429 and 503 with
# Retry-After): reads and signed commands may be repeated. No redirects: what is sent goes where it was meant for.
ts_send() {
    local options=(--silent --show-error --proto '=http,https' --connect-timeout 10 --max-time 30 --max-filesize 16777216
        --retry $((${TALLYSTICK_ATTEMPTS:-5} - 1)) --retry-all-errors --retry-max-time 90 --output "$ts_answer" --write-out '%{http_code}')
    if [[ -n ${2-} ]]; then
        options+=(--header 'Content-Type: application/jose+json' --data-binary "@$2")
    elif [[ -n ${TALLYSTICK_TOKEN-} && $1 == /v1/* ]]; then
        printf 'Authorization: Bearer %s\n' "$TALLYSTICK_TOKEN" >"$ts_tmp/headers" # in a file: arguments can be seen by others
        options+=(--header "@$ts_tmp/headers")
    fi
    rm -f "$ts_answer"
    ts_status=$(curl "${options[@]}" "${TALLYSTICK_URL:?Please set TALLYSTICK_URL}$1" 2>"$ts_tmp/curl") ||
        ts_die 3 "$(tail -n 1 "$ts_tmp/curl") What was signed is kept: the same call sends the same bytes."
    case $ts_status in
    2??) ;;
    4??) # a problem document; a proxy's page is no answer
        jq -e 'type == "object"' "$ts_answer" >"$ts_tmp/jq" 2>&1 && [[ $ts_status != 429 ]] || ts_die 3 "The registry answers $ts_status." ;;
    *) ts_die 3 "The registry answers $ts_status. What was signed is kept: the same call sends the same bytes." ;;
    esac
}

# The problem document (RFC 9457) for a person: every broken rule, the field it is about, and a sentence.
ts_explain() {
    jq -r '"\(.title) (\(.type | tostring | split(":") | last))", (.detail // empty),
           (.errors[]? | "  \(.code) at \(if .pointer == "" then "the whole" else .pointer end): \(.detail)")' "$ts_answer" >&2
}

ts_get() {
    ts_send "$1"
    [[ $ts_status == 2?? ]] || { ts_explain; exit 1; }
}

# ---- signed commands ----

# 128 random bits behind the time, as a UUID of version 7 has it: such keys are the quickest for the registry to find.
ts_fresh_jti() {
    { ts_unhex "$(printf '%012x7000' "$(date +%s%3N)")"; openssl rand 16; } | ts_b64url
}

# ts_sign PATH PAYLOAD-FILE [CONTENT-TYPE]: the command on standard output, a JWS in flattened JSON serialization.
ts_sign() {
    local protected payload
    protected=$(jq -njc --arg kid "$ts_kid" --arg aud "$ts_origin" --arg url "$1" --arg cty "${3-}" \
        --argjson iat $(($(date +%s) + ${TALLYSTICK_CLOCK_OFFSET:-0})) --arg jti "$(ts_fresh_jti)" \
        '{alg: "EdDSA", $kid, $aud, $url, $iat, $jti} + if $cty == "" then {} else {$cty} end' | ts_b64url)
    payload=$(ts_b64url <"$2")
    printf '%s.%s' "$protected" "$payload" >"$ts_tmp/input"
    openssl pkeyutl -sign -rawin -inkey "$ts_tmp/key.pem" -in "$ts_tmp/input" -out "$ts_tmp/signature" || return
    printf '{"protected":"%s","payload":"%s","signature":"%s"}' "$protected" "$payload" "$(ts_b64url <"$ts_tmp/signature")"
}

# ts_act PATH PAYLOAD-FILE [CONTENT-TYPE]: a command is signed once. Its bytes are kept until the registry has answered, and
# whatever happens those same bytes are sent again: the registry knows them by their jti and gives the answer that it gave before.
ts_act() {
    ts_vkey_open
    ts_key_open
    local kept fresh=no
    kept=$ts_state/outbox/$({ printf '%s %s ' "$ts_kid" "$1"; cat "$2"; } | ts_sha256)
    if [[ ! -e $kept ]]; then
        fresh=yes
        ts_sign "$@" >"$ts_tmp/command" || ts_die 5 "openssl does not sign"
        ts_keep "$kept" <"$ts_tmp/command"
    fi
    ts_send "$1" "$kept"
    if [[ $ts_status == 2?? ]]; then
        ts_receipt_take .receipt "$kept"
        rm "$kept"
        return
    fi
    # A rejected invoice: that it was rejected is on the ledger as well.
    if jq -e .receipt "$ts_answer" >"$ts_tmp/has" 2>&1; then ts_receipt_take .receipt "$kept"; fi
    rm "$kept"
    # A command must be used within 300 s of its iat. One that was taken before is answered from memory first, so this one
    # never was: signing it anew is safe.
    if [[ $fresh == no && $(jq -r .type "$ts_answer") == *:stale-command ]]; then
        ts_act "$@"
        return
    fi
    ts_explain
    exit 1
}

# The receipt at that place of the answer: verified for the command, and kept.
ts_receipt_take() {
    jq -ec "$1" "$ts_answer" >"$ts_tmp/receipt" 2>"$ts_tmp/jq" || ts_unverified "there is no receipt in the answer"
    ts_receipt_check "$ts_tmp/receipt" "$2"
    ts_keep "$ts_state/receipts/$(jq .seq "$ts_entry").json" <"$ts_tmp/receipt"
}

# ---- proofs: nothing below asks anyone anything ----

ts_node() { ts_unhex "01$1$2" | ts_sha256; }

# ts_checkpoint_check NOTE: signed by the log's key, and of that log. Sets ts_size and ts_root.
ts_checkpoint_check() {
    ts_vkey_open
    local text=${1%%$'\n\n'*} line raw signed=no lines
    while IFS= read -r line; do
        [[ $line == "— $ts_origin "* ]] || continue # a witness's signature
        raw=$(ts_unb64 "${line##* }" | ts_hex)
        [[ ${raw:0:8} == "$ts_key_id" ]] || continue # another key's
        printf '%s\n' "$text" >"$ts_tmp/text"
        ts_unhex "${raw:8}" >"$ts_tmp/signature"
        openssl pkeyutl -verify -pubin -inkey "$ts_tmp/log.pem" -rawin -in "$ts_tmp/text" -sigfile "$ts_tmp/signature" >"$ts_tmp/openssl" 2>&1 ||
            ts_unverified "the checkpoint's signature does not hold"
        signed=yes
    done <<<"${1#*$'\n\n'}"
    [[ $signed == yes ]] || ts_unverified "the checkpoint is not signed by the registry's key"
    mapfile -t lines <<<"$text"
    [[ ${lines[0]} == "$ts_origin" && ${lines[1]} =~ ^(0|[1-9][0-9]{0,15})$ ]] || ts_unverified "the checkpoint is not of this registry"
    ts_size=${lines[1]}
    ts_root=$(ts_unb64 "${lines[2]}" | ts_hex)
}

# ts_inclusion_check LEAF INDEX SIZE ROOT [HASH…]: RFC 9162 section 2.1.3.2, from the leaf up to the root.
ts_inclusion_check() {
    local node=$1 at=$2 last=$(($3 - 1)) root=$4 sibling
    ((at <= last)) || ts_unverified "the proof is of an entry outside the tree"
    for sibling in "${@:5}"; do
        ((last > 0)) || ts_unverified "the proof is too long"
        if ((at % 2 == 1 || at == last)); then
            node=$(ts_node "$sibling" "$node")
            while ((at % 2 == 0 && at != 0)); do ((at /= 2, last /= 2, 1)); done
        else
            node=$(ts_node "$node" "$sibling")
        fi
        ((at /= 2, last /= 2, 1))
    done
    ((last == 0)) && [[ $node == "$root" ]] || ts_unverified "the proof does not lead from the entry to the signed root: one of them was changed"
}

# ts_consistency_check OLD-SIZE OLD-ROOT SIZE ROOT [HASH…]: RFC 9162 section 2.1.4.2, the larger tree begins with the smaller.
ts_consistency_check() {
    local old_size=$1 old_root=$2 size=$3 root=$4 path=("${@:5}") at=$(($1 - 1)) last=$(($3 - 1)) old new sibling
    local changed="the ledger of $size entries does not continue the one of $old_size: its history was changed"
    ((0 < old_size && old_size <= size)) || ts_unverified "$changed"
    if ((old_size == size)); then
        [[ ${#path[@]} -eq 0 && $old_root == "$root" ]] || ts_unverified "$changed"
        return 0
    fi
    [[ ${#path[@]} -gt 0 ]] || ts_unverified "$changed"
    ((old_size & (old_size - 1))) || path=("$old_root" "${path[@]}")
    while ((at % 2 == 1)); do ((at /= 2, last /= 2, 1)); done
    old=${path[0]} new=${path[0]}
    for sibling in "${path[@]:1}"; do
        ((last > 0)) || ts_unverified "$changed"
        if ((at % 2 == 1 || at == last)); then
            old=$(ts_node "$sibling" "$old")
            new=$(ts_node "$sibling" "$new")
            while ((at % 2 == 0 && at != 0)); do ((at /= 2, last /= 2, 1)); done
        else
            new=$(ts_node "$new" "$sibling")
        fi
        ((at /= 2, last /= 2, 1))
    done
    ((last == 0)) && [[ $old == "$old_root" && $new == "$root" ]] || ts_unverified "$changed"
}

# ts_receipt_check RECEIPT-FILE [COMMAND-FILE]: computed from the vkey alone, never asked. Fills $ts_entry and $ts_facts.
ts_receipt_check() {
    local proof lines hashes=() leaf seq line disclosure digest digests
    jq -e '[.entry, .proof, .leaf] + .disclosures | all(type == "string")' "$1" >"$ts_tmp/jq" 2>&1 || ts_unverified "the receipt cannot be read"
    jq -j .entry "$1" >"$ts_entry"
    IFS= read -r -d '' proof < <(jq -j .proof "$1") || true # with its line ends
    seq=$(jq .seq "$ts_entry" 2>"$ts_tmp/jq") && [[ $seq =~ ^(0|[1-9][0-9]{0,15})$ ]] || ts_unverified "the entry cannot be read"
    leaf=$({ ts_unhex 00; cat "$ts_entry"; } | ts_sha256)
    [[ $(jq -c '[.seq, .leaf]' "$1") == "[$seq,\"$leaf\"]" ]] || ts_unverified "the receipt's seq or leaf is not that of its entry"
    mapfile -t lines <<<"${proof%%$'\n\n'*}" # C2SP tlog-proof
    [[ ${lines[0]} == c2sp.org/tlog-proof@v1 && ${lines[1]-} == "index $seq" ]] || ts_unverified "the proof is not of this entry"
    for line in "${lines[@]:2}"; do hashes+=("$(ts_unb64 "$line" | ts_hex)"); done
    ts_checkpoint_check "${proof#*$'\n\n'}"
    ts_inclusion_check "$leaf" "$seq" "$ts_size" "$ts_root" "${hashes[@]}"
    if [[ -n ${2-} ]]; then
        [[ $(jq -r .req "$ts_entry") == "$(ts_sha256 <"$2")" ]] || ts_unverified "the entry is of another command than the one that was sent"
    fi
    # What the entry says, it says in digests; a disclosure (RFC 9901) is base64url of [salt, name, value].
    digests=" $(jq -r '._sd | join(" ")' "$ts_entry") "
    while IFS= read -r disclosure; do
        digest=$(printf %s "$disclosure" | openssl dgst -sha256 -binary | ts_b64url)
        [[ $digests == *" $digest "* ]] || ts_unverified "a disclosure does not belong to the entry"
        ts_unb64 "$disclosure"
        echo
    done < <(jq -r '.disclosures[]' "$1") >"$ts_tmp/disclosed"
    jq -cs 'map({key: .[1], value: .[2]}) | from_entries' "$ts_tmp/disclosed" >"$ts_facts"
}

# ---- the ledger as a whole ----

# The present ledger must continue the one of that size and root.
ts_continues() {
    local size=$1 root=$2 hashes=() hash
    ((size <= ts_now_size)) || ts_unverified "the ledger shrank: it had $size entries when last seen and shows $ts_now_size now"
    if ((size < ts_now_size)); then
        ts_get "/v1/consistency?from=$size&to=$ts_now_size"
        while IFS= read -r hash; do hashes+=("$(ts_unb64 "$hash" | ts_hex)"); done < <(jq -r '.hashes[]' "$ts_answer")
    fi
    ts_consistency_check "$size" "$root" "$ts_now_size" "$ts_now_root" "${hashes[@]}"
}

# The present checkpoint: signed, a continuation of the one seen last time, and of that in every receipt kept.
ts_verify() {
    local note seen receipt
    ts_get /checkpoint
    IFS= read -r -d '' note <"$ts_answer" || true
    ts_checkpoint_check "$note"
    ts_now_size=$ts_size ts_now_root=$ts_root
    if [[ -e $ts_state/checkpoint ]]; then
        IFS= read -r -d '' seen <"$ts_state/checkpoint" || true
        ts_checkpoint_check "$seen"
        ts_continues "$ts_size" "$ts_root"
    fi
    for receipt in "$ts_state"/receipts/*.json; do
        [[ -e $receipt ]] || continue
        ts_receipt_check "$receipt"
        ts_continues "$ts_size" "$ts_root"
    done
    printf %s "$note" | ts_keep "$ts_state/checkpoint"
}
