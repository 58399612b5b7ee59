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

# Starts the container NAME of IMAGE with the rest of the arguments, options first, a "--", then the command.
start_service() {
  local name=$1 image=$2 options=()
  shift 2
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  shift
  retry_for 300 docker pull "$image"
  docker run -d --name "$name" --add-host host.docker.internal:host-gateway "${options[@]}" "$image" "$@"
}
{% for container in containers %}
{% for folder in container.folders %}
mkdir -p {{ folder | quote }}
{% if container.user %}
chown {{ container.user | quote }} {{ folder | quote }}
{% endif %}
{% endfor %}
start_service {{ container.name | quote }} {{ container.image | quote }}
{%- for option in container.options %} {{ option | quote }}{% endfor %} --
{%- for word in container.command %} {{ word | quote }}{% endfor +%}
{% endfor %}
{% if gpu_check %}

# Again: the console keeps only its last 64 KiB.
report_gpus
{% endif %}
