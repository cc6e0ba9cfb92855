#!/usr/bin/env bash
# Stops the Slurm that start.sh DIR started, and removes DIR.
set -uo pipefail
dir=${1:?usage: stop.sh DIR}
[ -d "$dir" ] || exit 0
dir=$(cd "$dir" && pwd)
if [ -e "$dir/slurm.conf" ]; then
    SLURM_CONF="$dir/slurm.conf" timeout 10 scancel --user=root --signal=KILL --full >/dev/null 2>&1
    SLURM_CONF="$dir/slurm.conf" timeout 10 scancel --user=root >/dev/null 2>&1
    sleep 0.5
fi
# Each daemon by its own number, and only if the number is still that daemon's.
for daemon in slurmd slurmctld munged; do
    file="$dir/$daemon.pid"
    [ "$daemon" = munged ] && file="$dir/munge/pid"
    pid=$(cat "$file" 2>/dev/null) || continue
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$daemon" ] || continue
    kill "$pid" 2>/dev/null
    for _ in $(seq 50); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null
done
rm -rf "$dir"
