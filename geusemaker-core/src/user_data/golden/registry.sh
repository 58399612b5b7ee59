#!/bin/bash
# First start of an instance of the stack llm-prod: writes the script that does the work, and runs it.
# Nothing here is secret: whoever may describe the instance can read it.
set -euo pipefail
umask 022
mkdir -p /opt/geusemaker
cat >/opt/geusemaker/run <<'END-OF-RUN'
#!/bin/bash
# run.sh without its comments

# aws.sh without its comments

region='us-east-1'
needs_aws=1
# ecr.sh without its comments

# The host of a private registry, and its Region.
registries=(
  '123456789012.dkr.ecr.eu-west-1.amazonaws.com eu-west-1'
)
file_system='fs-0a1'
file_system_host='fs-0a1.efs.us-east-1.amazonaws.com'
# If known, used as long as the name of the file system cannot be resolved.
mount_target_ip=''
gpu_check=1
# If set, AWS may take the instance back.
spot=0
gpu_maker='nvidia'
scratch=0
# The first service that needs the image, and the image.
images=(
  'vllm 123456789012.dkr.ecr.eu-west-1.amazonaws.com/llm/vllm:v1'
)
# In the order in which they are started.
services=('vllm')
gpu_services=('vllm')
# The owner of a volume's folder, and the folder. "?": only if the folder is still root's. "-": as it is.
folders=(
  '- /mnt/shared/vllm'
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
   "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/llm/vllm:v1",
   "logging": {"driver":"journald"},
   "ports": ["8000:8000"],
   "restart": "unless-stopped",
   "volumes": [{"bind":{"create_host_path":false},"source":"/mnt/shared/vllm","target":"/data","type":"bind"}]
  }
 }
}
END-OF-COMPOSE
exec bash /opt/geusemaker/run machine
