#!/usr/bin/env bash
# Starts a real Slurm of one node on this machine: munged, slurmctld, slurmd, all state in a folder of its own.
#
#   start.sh DIR     makes DIR and starts Slurm in it; afterwards: export SLURM_CONF=DIR/slurm.conf
#   stop.sh DIR      stops it and removes DIR
#
# Runs as root on a bare Debian or Ubuntu container; installs slurmctld, slurmd, slurm-client and munge if they are missing.
# A Slurm or munged that runs here already is left alone: the socket, the key and the ports are our own.
set -euo pipefail
dir=${1:?usage: start.sh DIR}
[ "$(id -u)" = 0 ] || { echo "start.sh: Slurm's daemons need root" >&2; exit 1; }
[ ! -e "$dir/slurm.conf" ] || { echo "start.sh: $dir holds a Slurm already; stop.sh $dir first" >&2; exit 1; }

if ! command -v slurmctld >/dev/null || ! command -v slurmd >/dev/null || ! command -v sbatch >/dev/null ||
    ! command -v munged >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        slurmctld slurmd slurm-client munge >/dev/null
fi

# munged wants folders that nobody else can write to, and runs as its own user.
mkdir -p "$dir"/{munge,state,spool,log}
dir=$(cd "$dir" && pwd)
chmod 755 "$dir"
dd if=/dev/urandom of="$dir/munge/key" bs=128 count=1 status=none
chown -R munge:munge "$dir/munge"
chmod 400 "$dir/munge/key"
as_munge() {
    if command -v runuser >/dev/null; then runuser -u munge -- "$@"; else su -s /bin/sh munge -c "$*"; fi
}
as_munge test -x "$dir/munge" || { echo "start.sh: the user munge cannot enter $dir: open the folders above it" >&2; exit 1; }
as_munge "$(command -v munged)" --socket="$dir/munge/socket" --key-file="$dir/munge/key" \
    --log-file="$dir/munge/log" --pid-file="$dir/munge/pid" --seed-file="$dir/munge/seed"

free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 20000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}
host=$(hostname -s)
cat >"$dir/slurm.conf" <<CONF
ClusterName=spectrum
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
KillWait=2
MaxArraySize=${SLURM_TEST_ARRAY:-1001}
SchedulerParameters=batch_sched_delay=0,sched_interval=2
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/log/slurmctld
SlurmdLogFile=$dir/log/slurmd
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=60 OverTimeLimit=0 State=UP
CONF
export SLURM_CONF="$dir/slurm.conf"
slurmctld
slurmd
for _ in $(seq 100); do
    state=$(sinfo --noheader --format=%T 2>/dev/null || true)
    [ "$state" = idle ] && exit 0
    sleep 0.2
done
echo "start.sh: the node is ${state:-unknown} after 20 seconds; the logs:" >&2
tail -n 20 "$dir"/log/* "$dir/munge/log" >&2 || true
exit 1
