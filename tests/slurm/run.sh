#!/usr/bin/env bash
# End-to-end check of `spectrum sweep --engine slurm` against a real single-node Slurm, which it starts and stops.
#
#   run.sh SPECTRUM_BINARY [--long]
#
# Checks that a grid run here and through Slurm leaves the same tables, byte for byte; that a follower that is killed comes
# back to its job; that a cancelled task shows as such and is done after the command is run again; that points share tasks
# where arrays are small; and that errors are Slurm's own. --long (two minutes more) adds a task that runs out of time and a
# node that dies. STEPS is the length of the points that are interrupted: about ten seconds' worth.
set -euo pipefail
binary=$(realpath "${1:?usage: run.sh SPECTRUM_BINARY [--long]}")
long=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
# munged runs as its own user.
chmod 755 "$work"
background=
finish() {
    status=$?
    [ -z "$background" ] || kill -KILL "$background" 2>/dev/null || true
    bash "$here/stop.sh" "$work/slurm"
    if [ "$status" = 0 ]; then rm -rf "$work"; else echo "run.sh: failed; what it left is in $work" >&2; fi
    exit "$status"
}
trap finish EXIT
fail() {
    echo "run.sh: $*" >&2
    exit 1
}

# Five tasks an array: the small grid's six points have to share them.
SLURM_TEST_ARRAY=5 bash "$here/start.sh" "$work/slurm"
export SLURM_CONF="$work/slurm/slurm.conf"
cd "$work"

common='[data]
kind = "single-index"
n = 60
d = 40
n_test = 50
link = "softplus"
noise = 0.3
[model]
kind = "two-layer"
width = 50
activation = "tanh"
scaling = "ntk"
train = ["hidden"]
[optimizer]
kind = "adam"
lr = 0.1
[spectra]
every = 50
layers = ["hidden.weight"]
kinds = ["weight", "update"]'
cat >small.toml <<CONF
name = "small"
$common
[training]
steps = 5
batch = "full"
[sweep]
"optimizer.lr" = [0.1, 1.0]
seed = [0, 1, 2]
CONF
cat >slow.toml <<CONF
name = "slow"
$common
[training]
steps = ${STEPS:-60000}
batch = "full"
checkpoint_every = 500
[sweep]
seed = [0, 1]
CONF

sweep() { "$binary" sweep "$@"; }
slurm() { sweep "$@" --engine slurm --partition main --time 5; }
# In the background without a shell around it, so that its number is its own.
follow() {
    "$binary" sweep "$@" --engine slurm --partition main --time 5 >follow.log 2>&1 &
    background=$!
}
same() {
    local table
    for table in sweep.toml table.csv table.json steps.csv summary.csv; do
        cmp "$1"/*-sweep-*/"$table" "$2"/*-sweep-*/"$table" || fail "$1 and $2 differ in $table"
    done
}
# Waits until a command succeeds, 30 seconds at most.
until_true() {
    local k
    for k in $(seq 150); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.2
    done
    fail "in vain: $*"
}
begun() { ls slow-there/slow-1-*/run.sqlite; }
tasks_in() { [ "$(squeue --noheader --array --states="$1" | wc -l)" -ge "$2" ]; }
code() { local c=0; "$@" >out.log 2>err.log || c=$?; echo "$c"; }
status_of() { cut -d, -f4 "$1"/*-sweep-*/table.csv | grep -c "^$2\$" || true; }

echo "== a grid here and through Slurm"
[ "$(code sweep small.toml --out here --jobs 2)" = 0 ] || fail "$(cat err.log)"
[ "$(code slurm small.toml --out there)" = 0 ] || fail "$(cat err.log)"
same here there
[ "$(wc -l <there/*-sweep-*/slurm/1/tasks)" = 3 ] || fail "six points and five tasks: two points a task expected"

echo "== errors are Slurm's own"
[ "$(code sweep small.toml --out refused --engine slurm --partition nowhere)" = 2 ] || fail "a refused partition: exit 2 expected"
grep -q "invalid partition specified: nowhere" err.log || fail "$(cat err.log)"

echo "== a follower is killed and comes back; a cancelled task is done again"
[ "$(code sweep slow.toml --out slow-here --jobs 2)" = 0 ] || fail "$(cat err.log)"
follow slow.toml --out slow-there
until_true tasks_in RUNNING 2
kill -KILL "$background"
wait "$background" 2>/dev/null || true
follow slow.toml --out slow-there
until_true begun
sleep 1
scancel "$(cat slow-there/*-sweep-*/slurm/1/job)_1"
status=0
wait "$background" || status=$?
background=
[ "$status" = 3 ] || fail "a cancelled task: exit 3 expected, found $status: $(cat follow.log)"
[ "$(ls slow-there/*-sweep-*/slurm)" = 1 ] || fail "the job was submitted twice"
[ "$(status_of slow-there cancelled)" = 1 ] || fail "no cancelled point: $(cat slow-there/*-sweep-*/table.csv)"
[ "$(code slurm slow.toml --out slow-there)" = 0 ] || fail "$(cat err.log)"
[ "$(cat slow-there/*-sweep-*/slurm/2/tasks)" = 1 ] || fail "more than the cancelled point was submitted"
same slow-here slow-there

if [ "$long" = --long ]; then
    echo "== a task runs out of time"
    sed 's/^steps = .*/steps = 2000000/; s/^seed = .*/seed = [0]/; s/^name = .*/name = "endless"/' slow.toml >endless.toml
    [ "$(code sweep endless.toml --out endless --engine slurm --partition main --time 1)" = 3 ] || fail "$(cat err.log)"
    [ "$(status_of endless timeout)" = 1 ] || fail "no timeout: $(cat endless/*-sweep-*/table.csv)"

    echo "== a node dies"
    # Without this line the task would go back to the queue, and wait there for two minutes before it may begin again.
    # The same file name, which the tables hold.
    mkdir no-requeue
    { cat slow.toml; printf '[slurm]\nsbatch = ["--no-requeue"]\n'; } >no-requeue/slow.toml
    follow no-requeue/slow.toml --out node
    until_true tasks_in RUNNING 2
    sleep 1
    scontrol update nodename="$(hostname -s)" state=down reason=test
    status=0
    wait "$background" || status=$?
    background=
    [ "$status" = 3 ] || fail "a dead node: exit 3 expected, found $status: $(cat follow.log)"
    [ "$(status_of node node_fail)" = 2 ] || fail "no dead node: $(cat node/*-sweep-*/table.csv)"
    until_true scontrol update nodename="$(hostname -s)" state=idle
    [ "$(code slurm no-requeue/slow.toml --out node)" = 0 ] || fail "$(cat err.log)"
    same slow-here node
fi
echo "run.sh: all well"
