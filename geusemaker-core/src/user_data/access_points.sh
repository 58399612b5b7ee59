# Access points, for the scripts whose services have some: each is mounted in place of the whole file system.
# shellcheck shell=bash disable=SC2154

# Plain NFS does not know access points. Docker stops before they are unmounted.
mount_command() {
  has mount.efs || need amazon-efs-utils
  mkdir -p /etc/systemd/system/docker.service.d
  printf '[Unit]\nRequiresMountsFor=%s\n' "${access_points[*]#* }" \
    >/etc/systemd/system/docker.service.d/geusemaker-access-points.conf
}

try_mount() {
  local ip=''
  if [[ -n $mount_target_ip ]] && ! getent hosts "$file_system_host" >/dev/null; then
    ip=$mount_target_ip
  fi
  timeout 120 mount -t efs -o "tls,accesspoint=$2,noresvport,_netdev${ip:+,mounttargetip=$ip}" "$file_system:/" "$1"
}

mount_shared() {
  local access_point
  for access_point in "${access_points[@]}"; do
    mount_at "${access_point#* }" "${access_point%% *}"
  done
}
