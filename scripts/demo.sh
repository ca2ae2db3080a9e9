#!/usr/bin/env bash
# The registry's story, end to end, against the real program over HTTP: a new registry, a supply chain of two tiers, invoices of
# examples/ in every format, claims, refusals, a claim divided, passed on, financed and paid, proofs. Each step is checked; the first
# that is not as it should be ends the demo with a non-zero exit code. Everything lives in a temporary folder that is removed at the
# end, and the server is stopped. The chapters are in scripts/demo/*.sh.
#
#   TALLYSTICK=build/release/tallystick scripts/demo.sh            tells the story
#   TALLYSTICK=… PORT=8080 scripts/demo.sh --serve                 does the same quietly, then serves that registry
#
# --serve prints, one a line: url, vkey, origin, a token and a key file for each role. Ctrl-C or SIGTERM ends it.
# shellcheck source-path=SCRIPTDIR
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
receiver_pid=
getter_pid=

clean_up() {
    local status=$?
    trap - EXIT
    stop_process "$liar_pid"
    stop_process "$receiver_pid"
    stop_process "$server_pid"
    stop_process "$getter_pid"
    rm -rf "$work"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Nothing of the user's own settings takes part.
unset TALLYSTICK_URL TALLYSTICK_KEY TALLYSTICK_TOKEN TALLYSTICK_ORIGIN TALLYSTICK_VKEY TALLYSTICK_CLOCK_OFFSET XDG_CONFIG_HOME XDG_STATE_HOME
export HOME=$work

# shellcheck source=demo/lib.sh
source "$root/scripts/demo/lib.sh"
# shellcheck source=demo/registering.sh
source "$root/scripts/demo/registering.sh"
# shellcheck source=demo/chain.sh
source "$root/scripts/demo/chain.sh"
# shellcheck source=demo/financing.sh
source "$root/scripts/demo/financing.sh"
# shellcheck source=demo/maturity.sh
source "$root/scripts/demo/maturity.sh"
# shellcheck source=demo/proving.sh
source "$root/scripts/demo/proving.sh"

if [[ $serve == no ]]; then
    now_ms ended_ms
    printf '\n%sAll as it should be: %d checks, %d ledger entries, %d ms.%s\n' "$green$bold" "$checks" "$size" \
        $((ended_ms - started_ms)) "$off"
    exit 0
fi

# Nobody listens any more to what the endpoints of the story would be told.
for who in "${!webhook[@]}"; do
    as=$who
    run 0 webhook remove "${webhook[$who]}"
done
stop_process "$receiver_pid"
receiver_pid=

printf 'url: %s\nvkey: %s\norigin: %s\n' "$TALLYSTICK_URL" "$vkey" "$origin"
for who in supplier core_enterprise lender bank authority reviewer auditor operator; do
    printf 'token %s: %s\n' "$who" "${token[$who]}"
done
for who in supplier core_enterprise lender bank authority reviewer auditor operator supplier2 lender2 rheintal nordwind; do
    printf 'key %s: %s\n' "$who" "${key[$who]}"
done
for who in supplier core_enterprise lender bank authority supplier2 lender2 rheintal nordwind; do
    printf 'id %s: %s\n' "$who" "${id[$who]}"
done
printf 'registry: %s\n' "$work/registry"
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
