#!/bin/bash
# First start of an instance of the stack llm-prod: writes the script that does the work, and runs it.
# Nothing here is secret: whoever may describe the instance can read it.
set -euo pipefail
umask 022
mkdir -p /opt/geusemaker
cat >/opt/geusemaker/run <<'END-OF-RUN'
#!/bin/bash
# run.sh without its comments

# access_points.sh without its comments

# Mounted in place of the whole file system: an access point, and the folder at which it is mounted.
access_points=(
  'fsap-01 /mnt/shared/vllm'
  'fsap-02 /mnt/shared/vllm+out'
)

file_system='fs-0a1'
file_system_host='fs-0a1.efs.us-east-1.amazonaws.com'
# If known, used as long as the name of the file system cannot be resolved.
mount_target_ip=''
gpu_check=1
# If set, AWS may take the instance back.
spot=0
gpu_maker='nvidia'
scratch=1
# The first service that needs the image, and the image.
images=(
  'vllm vllm/vllm-openai:v0.11.0'
)
# In the order in which they are started.
services=('vllm')
gpu_services=('vllm')
# The owner of a volume's folder, and the folder. "?": only if the folder is still root's. "-": as it is.
folders=(
  '2000:100 /mnt/scratch/vllm/tmp'
)
"$mode"
END-OF-RUN
(umask 077 && cat >/opt/geusemaker/compose.json) <<'END-OF-COMPOSE'
{
 "name": "geusemaker",
 "services": {
  "vllm": {
   "container_name": "vllm",
   "deploy": {"resources":{"reservations":{"devices":[{"capabilities":["gpu"],"count":"all","driver":"nvidia"}]}}},
   "extra_hosts": ["host.docker.internal:host-gateway"],
   "image": "vllm/vllm-openai:v0.11.0",
   "logging": {"driver":"journald"},
   "ports": ["8000:8000"],
   "restart": "unless-stopped",
   "user": "2000:100",
   "volumes": [{"bind":{"create_host_path":false},"source":"/mnt/shared/vllm","target":"/models","type":"bind"},{"bind":{"create_host_path":false},"source":"/mnt/scratch/vllm/tmp","target":"/tmp","type":"bind"},{"bind":{"create_host_path":false},"source":"/mnt/shared/vllm+out","target":"/out","type":"bind"}]
  }
 }
}
END-OF-COMPOSE
exec bash /opt/geusemaker/run machine
