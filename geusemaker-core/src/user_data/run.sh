#!/bin/bash
# Runs the services of this instance: `run machine`, `run storage` or `run services`.
# Whoever may read the console output reads all that this prints, so the values of secrets are replaced in it.
# The settings stand between these functions and the last line, which calls the function of that name.
# The lines from `#< GPUs` to `#>` are left out on a machine without GPUs.
# shellcheck disable=SC2154,SC2034
set +x -Eeuo pipefail
umask 022
export HOME=/root DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1

mode=$1
log=/var/log/geusemaker.log
errors=/var/log/geusemaker-errors.log
# Set by scripts that have secrets, or images in private registries of Amazon ECR.
secrets=() values=() hidden=() registries=() needs_aws=0

# Replaces the values of secrets in $text.
mask() {
  local value
  for value in "${hidden[@]}"; do
    text=${text//"$value"/***}
  done
}

# The first word is a marker. Nothing in the rest of the line is a secret.
console() {
  local text=''
  [[ $1 != *' '* ]] || text=" ${1#* }"
  mask
  printf '%s\n' "${1%% *}$text" >>"$log" || true
  printf '%s\n' "${1%% *}$text" >/dev/console || true
}

stage() {
  console "GEUSEMAKER:STAGE $1/$((3 + ${#images[@]} + ${#services[@]} + (${#secrets[@]} > 0))) $2"
}

fail() {
  console "GEUSEMAKER:FAILED $1: $2"
  exit 1
}
trap '((BASH_SUBSHELL)) || fail "the machine" "the script failed at line $LINENO of $0 $mode"' ERR

mask_lines() {
  local text
  while IFS= read -r text || [[ -n $text ]]; do
    mask
    printf '%s\n' "$text"
  done
}

# Makes any text fit for the console: no secrets, no control characters, no colors, no marker, no endless line.
clean() {
  mask_lines | LC_ALL=C sed -e $'s/\e\\[[0-9;?]*[A-Za-z]//g' -e $'s/\r*$//; s/.*\r//' -e 's/[[:cntrl:]]//g' \
    -e 's/GEUSEMAKER:/GEUSEMAKER /g' -e 's/\(.\{300\}\).*/\1/'
}

# The last line of what a command said.
last_line() {
  local text=$1
  mask
  sed '/^[[:space:]]*$/d' <<<"$text" | tail -n 1 | clean | sed 's/^Error response from daemon: //'
}

# Runs a command until it succeeds, every 10 seconds, for the given number of seconds.
retry_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 10
  done
}

#< GPUs
list_gpus() {
  gpus=$(nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader) && [[ -n $gpus ]]
}

report_gpus() {
  local gpus count=0 model='' memory='' driver=''
  # The driver can come up a little later than the first start begins.
  if retry_for 60 list_gpus; then
    count=$(wc -l <<<"$gpus" | tr -d ' ')
    IFS=, read -r model memory driver < <(head -n 1 <<<"$gpus" | tr -d '"\r')
    memory=${memory# } driver=${driver# }
  fi
  console "GEUSEMAKER:GPU count=$count model=\"$model\" memory=\"$memory\" driver=\"$driver\""
}
#>

### run machine: once, by the user data. Installs what is missing, then the units, which start the rest.

has() {
  command -v "$1" >/dev/null
}

packages() {
  if has apt-get; then
    apt-get -o DPkg::Lock::Timeout=300 update -q &&
      apt-get -o DPkg::Lock::Timeout=300 install -qy --no-install-recommends "$@"
  else
    dnf -qy install "$@"
  fi >>"$log" 2>&1
}

need() {
  retry_for 300 packages "$1" || fail 'the machine' "$1 could not be installed: $(last_line "$(tail -n 5 "$log")")"
}

compose_plugin() {
  local file=/usr/local/lib/docker/cli-plugins/docker-compose machine url
  machine=$(uname -m)
  url=https://github.com/docker/compose/releases/download/v2.40.3/docker-compose-linux-$machine
  packages docker-compose-plugin || packages docker-compose-v2 ||
    { curl -fsSL --retry 5 --create-dirs -o "$file" "$url" && chmod 755 "$file"; }
}

#< GPUs
nvidia_toolkit() {
  local site=https://nvidia.github.io/libnvidia-container key=/etc/apt/keyrings/nvidia-container-toolkit.asc
  if has apt-get; then
    curl -fsSL --retry 5 --create-dirs -o "$key" "$site/gpgkey"
    echo "deb [signed-by=$key] $site/stable/deb/\$(ARCH) /" >/etc/apt/sources.list.d/nvidia-container-toolkit.list
  else
    curl -fsSL --retry 5 -o /etc/yum.repos.d/nvidia-container-toolkit.repo \
      "$site/stable/rpm/nvidia-container-toolkit.repo"
  fi
  need nvidia-container-toolkit
}
#>

mount_command() {
  if has mount.efs; then
    return
  elif has apt-get; then
    # Ubuntu has no package of amazon-efs-utils, which would encrypt the traffic.
    has mount.nfs4 || need nfs-common
  else
    retry_for 60 packages amazon-efs-utils || has mount.nfs4 || need nfs-utils
  fi
}

install() {
  if has apt-get; then
    #< GPUs
    # A new driver library would not fit the loaded driver until the machine restarts.
    echo 'Unattended-Upgrade::Package-Blacklist { "nvidia"; "libnvidia"; "cuda"; };' \
      >/etc/apt/apt.conf.d/60geusemaker
    #>
    has docker || need docker.io
  else
    has docker || need docker
  fi
  mount_command
  systemctl enable --now docker
  docker compose version >/dev/null 2>&1 || compose_plugin ||
    fail 'the machine' "Docker Compose could not be installed: $(last_line "$(tail -n 5 "$log")")"
  if ((needs_aws)); then
    has python3 || need python3
    has aws || retry_for 300 aws_cli ||
      fail 'the machine' "the AWS CLI could not be installed: $(last_line "$(tail -n 5 "$log")")"
  fi
  #< GPUs
  if [[ $gpu_maker == nvidia ]] && ((${#gpu_services[@]})); then
    has nvidia-ctk || nvidia_toolkit
    if [[ $(docker info -f '{{.Runtimes}}') != *nvidia* ]]; then
      nvidia-ctk runtime configure --runtime=docker
      systemctl restart docker
    fi
  fi
  #>
}

# All units are written before the first container starts: `systemctl daemon-reload` can cut containers off from GPUs.
#
# Docker restarts what dies, by the restart policy of each container, and geusemaker.service only starts and watches
# the containers: when it ends, or is restarted, they run on. Docker itself waits for geusemaker-storage.service, since
# it would otherwise restart containers on the empty folders below the mount points. No entry in /etc/fstab: systemd
# tries such a mount once, and the name of the file system may not be known yet.
units() {
  cat >/etc/systemd/system/geusemaker-storage.service <<'END'
[Unit]
Description=Storage of the services of GeuseMaker
Wants=network-online.target
After=network-online.target dlami-nvme.service
Before=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=infinity
ExecStart=/bin/bash /opt/geusemaker/run storage

[Install]
WantedBy=multi-user.target
END
  cat >/etc/systemd/system/geusemaker.service <<'END'
[Unit]
Description=Services of GeuseMaker
Requires=geusemaker-storage.service
Wants=docker.service
After=geusemaker-storage.service docker.service
StartLimitIntervalSec=0

[Service]
ExecStart=/bin/bash /opt/geusemaker/run services
Restart=on-failure
RestartSec=120

[Install]
WantedBy=multi-user.target
END
  mkdir -p /etc/systemd/system/docker.service.d
  cat >/etc/systemd/system/docker.service.d/geusemaker.conf <<'END'
[Unit]
Requires=geusemaker-storage.service
After=geusemaker-storage.service
RequiresMountsFor=/mnt/shared
END
  systemctl daemon-reload
  systemctl enable geusemaker-storage.service geusemaker.service
  systemctl start --no-block geusemaker.service
}

# An agent of Systems Manager that started before its role was known sleeps for half an hour.
restart_agent() {
  local unit
  for unit in snap.amazon-ssm-agent.amazon-ssm-agent amazon-ssm-agent; do
    ! systemctl is-active -q "$unit" || systemctl restart "$unit" || true
  done
}

machine() {
  stage 1 'preparing the machine'
  #< GPUs
  ((!gpu_check)) || report_gpus
  #>
  install
  restart_agent
  units
}

### run storage: at each start of the machine, before Docker.

# A stop of the instance has erased its own disks; a restart has not.
assemble() {
  local disk disks=() device
  while read -r disk; do
    [[ -n $(lsblk -nro MOUNTPOINT "$disk" | tr -d '[:space:]') ]] || disks+=("$disk")
  done < <(lsblk -dpnro NAME,MODEL | awk '/Instance.*Storage/ { print $1 }')
  ((${#disks[@]})) || return 1
  if ! device=$(blkid -L geusemaker); then
    device=${disks[0]}
    if ((${#disks[@]} > 1)); then
      device=/dev/md/geusemaker
      has mdadm || packages mdadm || return 1
      mdadm --create "$device" --run --homehost=any --level=0 --raid-devices="${#disks[@]}" "${disks[@]}" || return 1
    fi
    mkfs.ext4 -q -F -L geusemaker -E nodiscard "$device" || return 1
  fi
  mount -o noatime "$device" "$1"
}

# Leads /mnt/scratch to the instance's own disks if it has some, and to its root disk otherwise.
scratch() {
  local target=/opt/dlami/nvme
  if ! mountpoint -q "$target"; then
    target=/mnt/instance-store
    mkdir -p "$target"
    mountpoint -q "$target" || assemble "$target" >>"$log" 2>&1 || target=/var/lib/geusemaker-scratch
  fi
  mkdir -p "$target"
  ln -sfn "$target" /mnt/scratch
}

try_mount() {
  local ip=''
  if [[ -n $mount_target_ip ]] && ! getent hosts "$file_system_host" >/dev/null; then
    ip=$mount_target_ip
  fi
  if has mount.efs; then
    timeout 120 mount -t efs -o "tls,noresvport,_netdev${ip:+,mounttargetip=$ip}" "$file_system:/" /mnt/shared
  else
    timeout 120 mount -t nfs4 \
      -o nfsvers=4.1,rsize=1048576,wsize=1048576,hard,timeo=600,retrans=2,noresvport,_netdev \
      "${ip:-$file_system_host}:/" /mnt/shared || return
    # Linux reads 128 KiB ahead; mount.efs sets this too.
    echo 15360 >"/sys/class/bdi/$(mountpoint -d /mnt/shared)/read_ahead_kb" || true
  fi
}

# Never gives up, since Docker waits for it. The mount target and its name become ready later than the instance.
mount_at() {
  local output since=$SECONDS
  mkdir -p "$1"
  until mountpoint -q "$1" || output=$(try_mount "$@" 2>&1); do
    if [[ $output == *'access denied'* ]] && ((SECONDS - since >= 120)); then
      console "GEUSEMAKER:FAILED the shared file system: the mount was refused: $(last_line "$output")"
      since=$SECONDS
    elif ((SECONDS - since >= 900)); then
      console "GEUSEMAKER:FAILED the shared file system: not mounted after 15 minutes: $(last_line "$output")"
      since=$SECONDS
    fi
    sleep 10
  done
}

mount_shared() {
  mount_at /mnt/shared
}

storage() {
  local folder owner path
  stage 2 'mounting the shared file system'
  ((!scratch)) || scratch
  mount_shared
  for folder in "${folders[@]}"; do
    read -r owner path <<<"$folder"
    mkdir -p "$path"
    case $owner in
      -) ;;
      \?*) [[ $(stat -c %u "$path") != 0 ]] || chown "${owner#?}" "$path" ;;
      *) chown "$owner" "$path" ;;
    esac
  done
  #< GPUs
  if [[ $gpu_maker == nvidia ]] && has nvidia-ctk; then
    # With these links, containers keep their GPUs when somebody reloads systemd.
    nvidia-ctk system create-dev-char-symlinks --create-all || true
  elif [[ $gpu_maker == amd ]]; then
    # The ids of the groups that own the devices differ between images.
    chmod 666 /dev/kfd /dev/dri/renderD* || true
  fi
  #>
}

### run services: at each start of the machine, after Docker, until the machine stops.

# In a subshell, so that no other command gets the values of the secrets.
compose() (
  for number in "${!values[@]}"; do
    export "GEUSEMAKER_SECRET_$number=${values[number]}"
  done
  docker compose -f /opt/geusemaker/compose.json "$@"
)

pull() {
  local service=$1 image=$2 registry output pause
  ! docker image inspect "$image" >/dev/null 2>&1 || return 0
  for registry in "${registries[@]}"; do
    # shellcheck disable=SC2086
    [[ $image != "${registry% *}"/* ]] || log_in "$service" $registry
  done
  for pause in 5 10 20 40 80 0; do
    output=$(docker pull -q "$image" 2>&1) && return
    case ${output,,} in
      *toomanyrequests*) ;;
      *'no space left'*) fail "$service" "no space left on the disk for the image $image" ;;
      *denied* | *unauthorized* | *forbidden*) fail "$service" "access to the image denied: $(last_line "$output")" ;;
      *'manifest unknown'* | *'not found'* | *'no matching manifest'* | *'invalid reference'*)
        fail "$service" "image not found: $(last_line "$output")" ;;
    esac
    sleep "$pause"
  done
  fail "$service" "the image could not be pulled: $(last_line "$output")"
}

report_log() {
  local line
  docker inspect "$1" >/dev/null 2>&1 || return 0
  while IFS= read -r line; do
    [[ -z $line ]] || console "GEUSEMAKER:LOG $1: $line"
  done < <(docker logs --tail 20 "$1" 2>&1 | clean)
}

start() {
  local output
  output=$(compose up -d --no-deps --remove-orphans "$1" 2>&1) && return
  report_log "$1"
  case $output in
    *[Nn]'o space left'*) fail "$1" 'no space left on the disk' ;;
    *) fail "$1" "the container did not start: $(last_line "$output")" ;;
  esac
}

#< GPUs
# Fails if a container sees no GPU. An image that cannot run the program, or a job that has ended, is not asked.
sees_gpus() {
  local code=0
  output=$(timeout 60 docker exec "$1" nvidia-smi -L 2>&1) || code=$?
  case $code in
    0) [[ $output == *'GPU '* ]] ;;
    126 | 127) ;;
    *) [[ $output == *'is not running'* ]] ;;
  esac
}

check_gpus_inside() {
  local service output
  for service in "${gpu_services[@]}"; do
    # A new container gets its GPUs anew.
    sees_gpus "$service" ||
      { output=$(compose up -d --no-deps --force-recreate "$service" 2>&1) && sleep 10 && sees_gpus "$service"; } ||
      fail "$service" "the container sees no GPU: $(last_line "$output")"
  done
}
#>

# The reason for the end of a container, from its log, its exit code, and whether the kernel killed it.
reason() {
  case $(docker logs --tail 400 "$1" 2>&1) in
    #< GPUs
    *'CUDA out of memory'* | *'CUDA error: out of memory'* | *'cudaMalloc failed: out of memory'* | \
      *'HIP out of memory'* | *'No available memory for the cache blocks'* | \
      *'the available KV cache memory'* | *'less than desired GPU memory utilization'*) echo 'out of GPU memory' ;;
    #>
    *[Nn]'o space left on device'*) echo 'no space left on the disk' ;;
    *'exec format error'*) echo 'the image is built for another processor' ;;
    *) if [[ $3 == true ]]; then echo 'out of memory'; else echo "the container exits with code $2"; fi ;;
  esac
}

# The exit code of the container's last end, which Docker forgets when it restarts the container.
exit_code() {
  docker events --since 30m --until 0s --filter event=die --filter "container=$1" \
    --format '{{.Actor.Attributes.exitCode}}' | tail -n 1
}

declare -A restarts=() loop_since=() loop_from=() quiet_until=()
ready=0 settle=10

report_end() {
  # From now on, a container that dies every few minutes is not taken for one that runs.
  ready=0 settle=600
  ((SECONDS >= ${quiet_until[$1]:-0})) || return 0
  quiet_until[$1]=$((SECONDS + 600))
  report_log "$1"
  console "GEUSEMAKER:FAILED $1: $2"
}

# Looks at one container. Fails unless it runs, and has not been restarted since the last look.
look() {
  local name=$1 status count code killed policy before why
  read -r status count code killed policy < <(timeout 60 docker inspect -f \
    '{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.HostConfig.RestartPolicy.Name}}' \
    "$name" 2>/dev/null) || return
  before=${restarts[$name]:-$count}
  restarts[$name]=$count
  if ((count > before)); then
    if ((SECONDS - ${loop_since[$name]:--1800} >= 1800)); then
      loop_since[$name]=$SECONDS loop_from[$name]=$before
    fi
    ((code)) || code=$(exit_code "$name")
    why=$(reason "$name" "${code:-unknown}" "$killed")
    # A program that waits for another one may end a few times at first. One that lacks memory does not wait.
    if [[ $why != 'the container'* ]] || ((count - loop_from[$name] >= 3 && SECONDS - loop_since[$name] >= 45)); then
      report_end "$name" "$why (restarts: $((count - loop_from[$name])))"
    fi
    return 1
  fi
  case $status in
    running) ;;
    exited | dead)
      # A job that has done its work is not started again.
      if [[ $code != 0 || $policy == always || $policy == unless-stopped ]]; then
        report_end "$name" "$(reason "$name" "$code" "$killed")"
        return 1
      fi ;;
    *) return 1 ;;
  esac
}

watch() {
  local service notice up_since=$SECONDS
  while :; do
    ((!spot)) || ! notice=$(notice 2>/dev/null) || leave "$notice"
    for service in "${services[@]}"; do
      look "$service" || up_since=$SECONDS
    done
    if ((!ready && SECONDS - up_since >= settle)); then
      #< GPUs
      [[ $gpu_maker != nvidia ]] || check_gpus_inside
      # Again: the console keeps only its last 64 KiB.
      ((!gpu_check)) || report_gpus
      #>
      console 'GEUSEMAKER:READY'
      ready=1
    fi
    sleep $((ready ? 15 : 5))
  done
}

services() {
  local stage=2 number=0 service image
  if ((${#secrets[@]})); then
    stage=3
    stage 3 'reading secrets'
    read_secrets
  fi
  for image in "${images[@]}"; do
    stage=$((stage + 1)) number=$((number + 1))
    stage "$stage" "pulling ${image#* } ($number of ${#images[@]})"
    pull "${image% *}" "${image#* }"
  done
  for service in "${services[@]}"; do
    stage=$((stage + 1))
    stage "$stage" "starting $service"
    start "$service"
  done
  stage $((stage + 1)) 'waiting until all containers stay up'
  watch
}
