# The commands of a machine, as functions that write down how they are called. Time passes only in `sleep`, and
# processes that would run for ever end with status 99 at $LIMIT seconds.
record() { printf '%s\n' "$*" >>"$ROOT/calls"; }
sleep() {
  SECONDS=$((SECONDS + $1))
  ((SECONDS < LIMIT)) || exit 99
}
timeout() {
  shift
  "$@"
}
# A machine lacks the commands that are named in $MISSING.
command() {
  [[ " $MISSING " != *" $2 "* ]] || return 1
  builtin command "$@"
}
apt-get() {
  [[ $* == *' update '* ]] || { record apt-get "${@:3}" && MISSING=''; }
}
dnf() { record dnf "$@" && MISSING=apt-get; }
curl() { record curl "$@"; }
uname() { echo x86_64; }
systemctl() {
  # The agent is a plain package here, as on Amazon Linux.
  [[ $1 != is-active ]] || { [[ $* == *' amazon-ssm-agent' ]] && return; return 3; }
  record systemctl "$@"
  [[ $* != 'start --no-block geusemaker.service' ]] || boot
}
# The units of a start of the machine.
boot() {
  local mode code
  for mode in storage services; do
    code=0
    bash "$ROOT/opt/geusemaker/run" "$mode" >>"$ROOT/printed" 2>&1 || code=$?
    echo "$mode $code" >>"$ROOT/ended"
    ((code == 0)) || break
  done
}

mountpoint() {
  if [[ $1 == -q ]]; then grep -qx "$2" "$ROOT/mounts" 2>/dev/null; else echo 0:50; fi
}
mount() {
  can_mount "$@" || return
  record mount "$@"
  echo "${@: -1}" >>"$ROOT/mounts"
}
can_mount() { :; }
mount.nfs4() { :; }
mount.efs() { :; }
lsblk() { :; }
blkid() { return 2; }
mdadm() { record mdadm "$@"; }
mkfs.ext4() { record mkfs.ext4 "$@"; }
getent() { :; }
stat() { echo 0; }
chown() { record chown "$@"; }
chmod() { record chmod "$@"; }

unzip() {
  record unzip "$@"
  mkdir -p "${@: -1}/aws"
  printf '#!/bin/bash\necho aws/install "$@" >>"$ROOT/calls"\n' >"${@: -1}/aws/install"
  /bin/chmod 755 "${@: -1}/aws/install"
}
# The answer of AWS for the name of a parameter or secret.
aws() {
  local word
  record aws "$@"
  for word in "$@"; do
    case $word in
      --name=* | --secret-id=*) answer "${word#*=}"; return ;;
      get-login-password) answer password; return ;;
    esac
  done
}
answer() { echo "value of $1"; }

nvidia-smi() { echo 'NVIDIA A10G, 23028 MiB, 595.91.07'; }
nvidia-ctk() { record nvidia-ctk "$@"; }
docker() {
  case "$*" in
    'compose version' | info*) ;;
    'image inspect '*) grep -qxF "$3" "$ROOT/images" 2>/dev/null; return ;;
    'inspect '*) state "${@: -1}"; return ;;
    'logs '*) log "${@: -1}"; return ;;
    'events '*) return ;;
    *) record docker "$@" ;;
  esac
  case "$*" in
    info*) echo 'map[nvidia:{} runc:{}]' ;;
    'login '*) cat >"$ROOT/password" && can_log_in ;;
    'pull '*) pull_image "$3" && echo "$3" >>"$ROOT/images" ;;
    *' up '*) up "${@: -1}" ;;
    'exec '*) inside "$2" ;;
  esac
}
can_log_in() { :; }
pull_image() { :; }
up() { :; }
inside() { echo 'GPU 0: NVIDIA A10G (UUID: GPU-1)'; }
# Status, restarts, exit code, killed for want of memory, restart policy.
state() { echo 'running 0 0 false unless-stopped'; }
log() { :; }
