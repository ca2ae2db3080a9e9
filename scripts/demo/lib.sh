# How the demo tells and does things; sourced by demo.sh, which sets root, tallystick, python, work, serve and listen.
# shellcheck shell=bash

# ---- telling ----

bold='' dim='' red='' green='' off=''
if [[ -t 1 && -z ${NO_COLOR-} && ${TERM-} != dumb ]]; then
    bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' off=$'\e[0m'
fi
# now_ms NAME: the present into the variable NAME.
now_ms() { printf -v "$1" %s $((${EPOCHREALTIME//[!0-9]/} / 1000)); }
started_ms=0 ended_ms=0
now_ms started_ms
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
    [[ $BASHPID -eq $$ ]] || kill -TERM $$ # in a subshell: the demo itself must end
    exit 1
}

# ---- doing ----

declare -A key token id
run_ms=0

# run EXIT ARGUMENT…: the client as whoever `as` names, its JSON in $work/out; the exit code must be EXIT.
as=nobody
run() {
    local expected=$1 status=0 begin end
    shift
    checks=$((checks + 1))
    now_ms begin
    TALLYSTICK_KEY=${key[$as]-} TALLYSTICK_TOKEN=${token[$as]-} "$tallystick" "$@" --json >"$work/out" 2>"$work/err" || status=$?
    now_ms end
    run_ms=$((end - begin))
    [[ $status -eq $expected ]] || wrong "tallystick $* (as $as) ended with exit code $status, not $expected"
}

# One process answers all questions about answers: starting one for each would take most of the demo's time.
coproc getter { exec "$python" -IS "$root/scripts/demo/get.py" "$work/out"; }
getter_pid=$getter_PID
exec {ask_fd}>&"${getter[1]}" {answer_fd}<&"${getter[0]}" # those of a coprocess are closed in subshells

# look PATH: a value of the last answer into `found` (demo/get.py says how paths are written).
look() {
    printf '%s\n' "$1" >&"$ask_fd"
    IFS= read -r -d '' found <&"$answer_fd" || wrong "get.py has ended"
    [[ $found == =* ]] || wrong "$1 of the last answer: ${found#!}"
    found=${found#=}
}
# get PATH: prints it.
get() {
    local found
    look "$1"
    printf '%s\n' "$found"
}

# is PATH VALUE: the last answer says so.
is() {
    local found
    checks=$((checks + 1))
    look "$1"
    [[ $found == "$2" ]] || wrong "$1 is \"$found\", not \"$2\""
}

# refused SLUG [CODE]: the last answer is that problem, with that broken rule among its errors.
refused() {
    is type "urn:tallystick:problem:$1"
    [[ -z ${2-} ]] || is "errors[code=$2].code" "$2"
}

# problem: the kind of problem that the last answer is.
problem() { get type | cut -d: -f4; }

money() { printf '%s %s' "$(get "$1.currency")" "$(get "$1.$2")"; }

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

# join NAME ROLE-FOR-THE-STORY ROLES [OPTION…]: a key of its own, registered by the operator, and a token. Whoever acts may
# also act with the token alone: for that the registry keeps a second key for them.
join() {
    local name=$1 who=$2 roles=$3 scope=read
    shift 3
    case $roles in
    *supplier* | *core_enterprise*) scope=read,submit,confirm,finance ;;
    *lender*) scope=read,finance ;;
    bank) scope=read,confirm,finance ;;
    authority) scope=read,admin ;;
    esac
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
    run 0 token create --participant "${id[$who]}" --scope "$scope" --days 400 --label demo
    token[$who]=$(get token_text)
}

# ---- the clock ----

# The example invoices are of November 2026 and fall due from February 2027 on. Long before or after that the demo's clock is set.
demo_clock() {
    local real day
    real=$(date +%s)
    day=$(date -u -d 2026-11-22T04:00:00Z +%s)
    if [[ $real -lt $(date -u -d 2026-11-21 +%s) || $real -gt $(date -u -d 2027-01-31 +%s) ]]; then
        clock_offset $((day - real))
        note "The invoices are of November 2026, so this registry's clock starts on $(date -u -d "@$day" +%F)."
    else
        echo 0 >"$work/webhooks/clock_offset"
    fi
}
clock_offset() {
    export TALLYSTICK_CLOCK_OFFSET=$1
    echo "$1" >"$work/webhooks/clock_offset"
}

# demo_now FORMAT: the demo's present, UTC.
demo_now() { date -u -d "@$(($(date +%s) + ${TALLYSTICK_CLOCK_OFFSET-0}))" "+$1"; }
# in_days N: that moment as the interface writes it.
in_days() { date -u -d "@$(($(date +%s) + ${TALLYSTICK_CLOCK_OFFSET-0} + $1 * 86400))" +%FT%TZ; }

# ---- processes ----

# stop_process PID: ends a child and waits for it. Nothing if PID is empty.
stop_process() {
    if [[ -n $1 ]] && kill -0 "$1" 2>/dev/null; then
        kill -TERM "$1"
        wait "$1" || true
    fi
}

start_server() {
    rm -f "$work/serve.out" # what an earlier one printed
    "$tallystick" serve "$work/registry" --listen "$listen" --webhooks-private >"$work/serve.out" 2>>"$work/serve.err" &
    server_pid=$!
    local tries=0
    until grep -q '^listening on ' "$work/serve.out" 2>/dev/null; do # printed when it is ready
        kill -0 "$server_pid" 2>/dev/null || wrong "the server ended before it listened"
        tries=$((tries + 1))
        [[ $tries -lt 600 ]] || wrong "the server does not listen after 30 s"
        sleep 0.05
    done
    TALLYSTICK_URL=$(sed -n 's/^listening on //p' "$work/serve.out")
    export TALLYSTICK_URL
}

# stop_server: must end with exit code 0.
stop_server() {
    local status=0
    kill -TERM "$server_pid"
    wait "$server_pid" || status=$?
    server_pid=
    [[ $status -eq 0 ]] || wrong "the server ended with exit code $status"
}

# start_helper NAME ARGUMENT…: runs demo/NAME.py, which prints the port it listens on; helper_pid and helper_url say where it is.
start_helper() {
    local name=$1 tries=0
    shift
    "$python" -I "$root/scripts/demo/$name.py" "$@" >"$work/$name.out" 2>"$work/$name.err" &
    helper_pid=$!
    until [[ -s $work/$name.out ]]; do
        kill -0 "$helper_pid" 2>/dev/null || wrong "$name.py does not start: $(cat "$work/$name.err")"
        tries=$((tries + 1))
        [[ $tries -lt 200 ]] || wrong "$name.py does not listen"
        sleep 0.05
    done
    helper_url=http://127.0.0.1:$(cat "$work/$name.out")
}

# endpoint WHO EVENT,…: the participant's own system hears of such entries from now on.
declare -A webhook
endpoint() {
    as=$1
    run 0 webhook add "$receiver_url/$1" --events "$2"
    is webhook.status active
    webhook[$1]=$(get webhook.id)
    run 0 token create --scope admin --days 1 --label "webhook secret"
    local usual=${token[$1]}
    token[$1]=$(get token_text)
    run 0 webhook secret "${webhook[$1]}"
    get secret >"$work/webhooks/$1.secret"
    token[$1]=$usual
}

# told WHO TYPE: waits until the receiver has a verified message of that type for WHO; the newest becomes the last answer.
told() {
    local tries=0 kept
    checks=$((checks + 1))
    until kept=$(grep -l "\"type\": \"$2\"" "$work/webhooks/$1/"*.json 2>/dev/null | tail -n 1) && [[ -n $kept ]]; do
        tries=$((tries + 1))
        [[ $tries -lt 200 ]] || wrong "$1's endpoint was not told of $2 within 10 s"
        sleep 0.05
    done
    cp "$kept" "$work/out"
}
