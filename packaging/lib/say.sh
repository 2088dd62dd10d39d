# SPDX-License-Identifier: Apache-2.0
# What the person sees: one line a stage, everything else in the log, one clear sentence when something fails.

stage_number=0
stage_count=0
child=0

say() { printf '%s\n' "$*"; }

# fail SENTENCE: ends the program.
fail() {
    printf '\n%s: %s\n' "$program" "$*" >&2
    exit 1
}

# because SENTENCE: called inside a stage's command to say in one sentence why the stage fails.
because() {
    printf '%s\n' "$*" >"$reason_file"
    return 1
}

# duration SECONDS
duration() {
    if (($1 < 60)); then printf '%d s' "$1"; else printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); fi
}

# open_log FILE: the log of this start; the one before is kept beside it.
open_log() {
    log=$1
    reason_file=$log.reason
    mkdir -p "$(dirname "$log")" || fail "Cannot write to $(dirname "$log")."
    if [[ -s $log ]]; then mv -f "$log" "$log.before"; fi
    : >"$log"
    rm -f "$reason_file"
}

# stage TITLE COMMAND...: runs the command with its output in the log, one line on the screen.
stage() {
    local title=$1 began=$SECONDS status=0
    shift
    stage_number=$((stage_number + 1))
    printf '\n== %s\n' "$title" >>"$log"
    stage_line=$(printf '[%d/%d] %-34s' "$stage_number" "$stage_count" "$title")
    printf '%s' "$stage_line"
    set -m # a process group of its own, so that an interruption ends all of it
    "$@" >>"$log" 2>&1 </dev/null &
    child=$!
    set +m
    watch_child "$began"
    wait "$child" || status=$?
    child=0
    if ((status != 0)); then
        printf ' failed after %s\n' "$(duration $((SECONDS - began)))"
        fail_with_log "$title"
    fi
    printf ' %s\n' "$(duration $((SECONDS - began)))"
}

# watch_child BEGAN: on a terminal, shows the time and the log's last line until the child ends.
watch_child() {
    [[ -t 1 ]] || return 0
    local width last
    while kill -0 "$child" 2>/dev/null; do
        width=$((${COLUMNS:-$(tput cols 2>/dev/null || echo 80)} - 58))
        last=$(tail -c 400 "$log" | tr '\r' '\n' | grep -v '^$' | tail -n 1 | tr -cd '[:print:]')
        printf '\r%s %8s  %s\e[K' "$stage_line" "$(duration $((SECONDS - $1)))" "${last:0:$((width > 0 ? width : 0))}"
        sleep 0.5
    done
    printf '\r%s\e[K' "$stage_line"
}

# fail_with_log TITLE: the last lines of the log, then one sentence.
fail_with_log() {
    local reason
    tail -n 15 "$log" | sed 's/^/    /' >&2
    reason=$(cat "$reason_file" 2>/dev/null || usual_reason)
    fail "$1 failed: ${reason} The whole log is ${log}."
}

# usual_reason: what the log's last lines say about the causes that are not ours.
usual_reason() {
    local recent
    recent=$(tail -n 60 "$log")
    case $recent in
        *"No space left on device"*) say "the disk is full; free some space and start again." ;;
        *"name resolution"* | *"Could not resolve"* | *"Connection refused"* | *"Network is unreachable"* | \
            *"NewConnectionError"* | *"Could not connect"* | *"timed out"*)
            say "a download did not get through; check the network and start again." ;;
        *"Killed signal terminated program"* | *"out of memory"*)
            say "memory ran out while compiling; close other programs, or set HEADROOM_JOBS=1, and start again." ;;
        *) say "the lines above say why." ;;
    esac
}

# on_interrupt: ends what is running. Nothing half made is ever taken for complete.
on_interrupt() {
    trap '' INT TERM HUP
    if ((child != 0)); then
        kill -TERM -- "-$child" 2>/dev/null
        wait "$child" 2>/dev/null
    fi
    printf '\n%s: Interrupted; start it again and it goes on from here.\n' "$program" >&2
    exit 130
}
