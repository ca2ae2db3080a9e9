#!/usr/bin/env bash
# Dependencies point one way (schema ← ledger ← server), each foreign library has one home, and some functions have none.
# Prints file:line of every breach and fails if there is any.
set -uo pipefail
shopt -s lastpipe # the last command of a pipe, which counts, runs in this shell
cd "$(dirname "$0")/.."

breaches=0

# breach REASON: reads file:line:text lines, reports them.
breach() {
    local lines
    lines=$(cat)
    [[ -z $lines ]] && return
    sed "s|^\([^:]*:[0-9]*\):|\1: $1: |" <<<"$lines"
    breaches=$((breaches + $(wc -l <<<"$lines")))
}

# Source files below the folders, but for those under `except` (an extended regular expression of path beginnings).
sources() {
    local except=$1
    shift
    find "$@" -name '*.[ch]' | grep -Ev "^($except)" | sort
}

search() {
    local pattern=$1
    shift
    [[ $# -eq 0 ]] || grep -HnE "$pattern" "$@"
}

# The same, but in code alone: comments and the text of strings are blanked first, line numbers kept.
search_code() {
    local pattern=$1 file
    shift
    for file in "$@"; do
        perl -0777 -pe 's{("(?:\\.|[^"\\\n])*")|(\x27(?:\\.|[^\x27\\\n])*\x27)|(/\*.*?\*/)|(//[^\n]*)}
                         {my $s = $&; my $n = ($s =~ tr/\n//); defined $1 ? "\"\"" : ("\n" x $n) || " "}gsex' "$file" |
            grep -nE "$pattern" | sed "s|^|$file:|"
    done
}

mapfile -t ledger < <(sources '$^' ledger)
mapfile -t all < <(sources '$^' ledger server)
mapfile -t not_store < <(sources 'ledger/store/' ledger server)
mapfile -t not_crypto < <(sources 'ledger/crypto/' ledger server)
mapfile -t not_curl < <(sources 'server/(client|outbound|webhooks|verifier)/' ledger server)
mapfile -t not_service < <(sources 'server/service/' ledger server)
mapfile -t not_uploads < <(sources 'server/uploads/' ledger server)
mapfile -t not_http < <(sources 'server/http/' ledger server)

include='^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]'
search "${include}server/" "${ledger[@]}" | breach "ledger/ must not include anything of server/"
search "${include}tests/" "${all[@]}" | breach "only tests include tests"
search "${include}sqlite3" "${not_store[@]}" | breach "only ledger/store may include sqlite3.h"
search "${include}zstd" "${not_store[@]}" | breach "only ledger/store may include zstd.h"
search "${include}(sodium|openssl/)" "${not_crypto[@]}" | breach "only ledger/crypto may include libsodium or OpenSSL"
search "${include}curl/" "${not_curl[@]}" | breach "only server/client, outbound, webhooks and verifier may include curl"
search "${include}(microhttpd|gnutls/)" "${not_http[@]}" | breach "only server/http may include microhttpd.h or GnuTLS"
search "${include}systemd/" "${not_service[@]}" | breach "only server/service may include libsystemd"
search "${include}seccomp\.h" "${not_service[@]}" | breach "only server/service may include libseccomp"

search_code '(^|[^[:alnum:]_])(sprintf|vsprintf|strcpy|strcat|gets|atoi|atol|atoll|atof|strtok|strtok_r|alloca|rand|srand|tmpnam|mktemp)[[:space:]]*\(' \
    "${all[@]}" | breach "forbidden function"
search_code '(^|[^[:alnum:]_])(float|double)([^[:alnum:]_]|$)' "${ledger[@]}" | breach "no floating point in ledger/"
search_code '(^|[^[:alnum:]_])(exit|_exit|_Exit|quick_exit|printf|puts|perror|syslog)[[:space:]]*\(' \
    $(printf '%s\n' "${ledger[@]}" | grep -v '^ledger/base/arena.c$') | breach "the ledger never logs or exits"
search '"[^"]*\b(SELECT [A-Za-z*(?]|INSERT (OR [A-Z]+ )?INTO|UPDATE [a-z_]+ SET|DELETE FROM|CREATE (TABLE|INDEX|TRIGGER)|PRAGMA |BEGIN IMMEDIATE|SAVEPOINT )' \
    "${not_store[@]}" | breach "SQL lives only in ledger/store"

if [[ $breaches -gt 0 ]]; then
    echo "check-layers: $breaches breaches"
    exit 1
fi
echo "check-layers: ${#all[@]} files keep to their layers"
