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
# If set, AWS may take the instance back.
spot=0
scratch=0
# The first service that needs the image, and the image.
images=(
  'web ghcr.io/open-webui/open-webui:main'
)
# In the order in which they are started.
services=('web')
# The owner of a volume's folder, and the folder. "?": only if the folder is still root's. "-": as it is.
folders=(
  '- /mnt/shared/web'
)
"$mode"
END-OF-RUN
(umask 077 && cat >/opt/geusemaker/compose.json) <<'END-OF-COMPOSE'
{
 "name": "geusemaker",
 "services": {
  "web": {
   "container_name": "web",
   "extra_hosts": ["host.docker.internal:host-gateway"],
   "image": "ghcr.io/open-webui/open-webui:main",
   "logging": {"driver":"journald"},
   "ports": ["8080:8080"],
   "restart": "unless-stopped",
   "volumes": [{"bind":{"create_host_path":false},"source":"/mnt/shared/web","target":"/data","type":"bind"}]
  }
 }
}
END-OF-COMPOSE
exec bash /opt/geusemaker/run machine
