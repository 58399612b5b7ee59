#!/bin/bash
# First start of an instance of the stack llm-prod: writes the script that does the work, and runs it.
# Nothing here is secret: whoever may describe the instance can read it.
set -euo pipefail
umask 022
mkdir -p /opt/geusemaker
cat >/opt/geusemaker/run <<'END-OF-RUN'
#!/bin/bash
# run.sh without its comments

file_system='fs-0a1'
file_system_host='fs-0a1.efs.us-east-1.amazonaws.com'
# If known, used as long as the name of the file system cannot be resolved.
mount_target_ip=''
gpu_check=0
# If set, AWS may take the instance back.
spot=0
gpu_maker='amd'
scratch=0
# The first service that needs the image, and the image.
images=(
  'comfy yanwk/comfyui-boot:rocm'
)
# In the order in which they are started.
services=('comfy')
gpu_services=('comfy')
# The owner of a volume's folder, and the folder. "?": only if the folder is still root's. "-": as it is.
folders=(
  '- /mnt/shared/comfy'
)
"$mode"
END-OF-RUN
(umask 077 && cat >/opt/geusemaker/compose.json) <<'END-OF-COMPOSE'
{
 "name": "geusemaker",
 "services": {
  "comfy": {
   "container_name": "comfy",
   "devices": ["/dev/kfd:/dev/kfd","/dev/dri:/dev/dri"],
   "extra_hosts": ["host.docker.internal:host-gateway"],
   "image": "yanwk/comfyui-boot:rocm",
   "logging": {"driver":"journald"},
   "ports": ["8188:8188"],
   "restart": "unless-stopped",
   "volumes": [{"bind":{"create_host_path":false},"source":"/mnt/shared/comfy","target":"/root/ComfyUI/models","type":"bind"}]
  }
 }
}
END-OF-COMPOSE
exec bash /opt/geusemaker/run machine
