#!/bin/bash
# First start of an instance of the stack {{ stack }}: shared storage, then the services.
# Whoever may read the console output reads all that this prints, so it prints no secret.
set -Eeuo pipefail

console() {
  printf '%s\n' "$1" >/dev/console || true
}
trap 'console "GEUSEMAKER:ERROR user data failed at line $LINENO"' ERR

# Runs a command until it succeeds, every 10 seconds, for the given number of seconds.
retry_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 10
  done
}
{% if gpu_check %}

list_gpus() {
  gpus=$(nvidia-smi --query-gpu=name --format=csv,noheader) && [[ -n $gpus ]]
}

report_gpus() {
  local gpus count=0 model=''
  # The driver can come up a little later than the first start begins.
  if retry_for 60 list_gpus; then
    count=$(wc -l <<<"$gpus" | tr -d ' ')
    model=$(head -n 1 <<<"$gpus" | tr -d '"\r')
  fi
  console "GEUSEMAKER:GPU count=$count model=\"$model\""
}

report_gpus
{% endif %}

# The mount target and its DNS name become ready later than the instance: allow 15 minutes.
mount_point=/mnt/shared
mkdir -p "$mount_point"
if ! command -v mount.nfs4 >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  retry_for 300 apt-get -o DPkg::Lock::Timeout=300 update -q
  retry_for 300 apt-get -o DPkg::Lock::Timeout=300 install -qy nfs-common
fi
source={{ (file_system ~ ".efs." ~ region ~ ".amazonaws.com:/") | quote }}
options=nfsvers=4.1,rsize=1048576,wsize=1048576,hard,timeo=600,retrans=2,noresvport,_netdev
echo "$source $mount_point nfs4 $options 0 0" >>/etc/fstab
systemctl daemon-reload
retry_for 900 timeout 120 mount "$mount_point"

# After a reboot no container may start on the empty folder below the mount point.
mkdir -p /etc/systemd/system/docker.service.d
printf '[Unit]\nRequiresMountsFor=%s\n' "$mount_point" >/etc/systemd/system/docker.service.d/shared-storage.conf
systemctl daemon-reload
systemctl enable --now docker

start_service() {
  local name=$1 port=$2 data_path=$3 image=$4
  mkdir -p "$mount_point/$name"
  retry_for 300 docker pull "$image"
  docker run -d --name "$name" --restart unless-stopped --gpus all \
    --add-host host.docker.internal:host-gateway \
    -p "$port:$port" -v "$mount_point/$name:$data_path" "$image"
}
{% for service in services %}
start_service {{ service.name | quote }} {{ service.port }} {{ service.data_path | quote }} {{ service.image | quote }}
{% endfor %}
{% if gpu_check %}

# Again: the console keeps only its last 64 KiB.
report_gpus
{% endif %}
