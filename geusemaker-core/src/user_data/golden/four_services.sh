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
gpu_check=1
# If set, AWS may take the instance back.
spot=0
gpu_maker='nvidia'
scratch=1
# The first service that needs the image, and the image.
images=(
  'postgres pgvector/pgvector:pg18'
  'n8n docker.n8n.io/n8nio/n8n:1.110.1'
  'ollama ollama/ollama:0.12.3'
  'jupyter quay.io/jupyter/pytorch-notebook:cuda12-latest'
)
# In the order in which they are started.
services=('postgres' 'n8n' 'ollama' 'jupyter')
gpu_services=('ollama' 'jupyter')
# The owner of a volume's folder, and the folder. "?": only if the folder is still root's. "-": as it is.
folders=(
  '?999:999 /var/lib/geusemaker/postgres/var/lib/postgresql'
  '?1000:1000 /mnt/shared/n8n'
  '- /mnt/scratch/ollama/root/.ollama'
  '2000:100 /mnt/shared/jupyter'
  '2000:100 /mnt/scratch/jupyter/tmp'
)
"$mode"
END-OF-RUN
(umask 077 && cat >/opt/geusemaker/compose.json) <<'END-OF-COMPOSE'
{
 "name": "geusemaker",
 "services": {
  "n8n": {
   "container_name": "n8n",
   "depends_on": ["postgres"],
   "environment": {"DB_POSTGRESDB_HOST":"postgres","DB_TYPE":"postgresdb"},
   "extra_hosts": ["host.docker.internal:host-gateway"],
   "image": "docker.n8n.io/n8nio/n8n:1.110.1",
   "logging": {"driver":"journald"},
   "ports": ["5678:5678"],
   "restart": "unless-stopped",
   "volumes": [{"bind":{"create_host_path":false},"source":"/mnt/shared/n8n","target":"/home/node/.n8n","type":"bind"}]
  },
  "postgres": {
   "container_name": "postgres",
   "environment": {"POSTGRES_INITDB_ARGS":"one\ntwo"},
   "extra_hosts": ["host.docker.internal:host-gateway"],
   "image": "pgvector/pgvector:pg18",
   "logging": {"driver":"journald"},
   "restart": "unless-stopped",
   "shm_size": "1g",
   "volumes": [{"bind":{"create_host_path":false},"source":"/var/lib/geusemaker/postgres/var/lib/postgresql","target":"/var/lib/postgresql","type":"bind"}]
  },
  "ollama": {
   "command": ["serve"],
   "container_name": "ollama",
   "deploy": {"resources":{"reservations":{"devices":[{"capabilities":["gpu"],"count":2,"driver":"nvidia"}]}}},
   "entrypoint": ["/bin/ollama"],
   "extra_hosts": ["host.docker.internal:host-gateway"],
   "image": "ollama/ollama:0.12.3",
   "logging": {"driver":"journald"},
   "ports": ["80:11434"],
   "restart": "unless-stopped",
   "volumes": [{"bind":{"create_host_path":false},"source":"/mnt/scratch/ollama/root/.ollama","target":"/root/.ollama","type":"bind"}]
  },
  "jupyter": {
   "container_name": "jupyter",
   "deploy": {"resources":{"reservations":{"devices":[{"capabilities":["gpu"],"count":"all","driver":"nvidia"}]}}},
   "extra_hosts": ["host.docker.internal:host-gateway"],
   "image": "quay.io/jupyter/pytorch-notebook:cuda12-latest",
   "logging": {"driver":"journald"},
   "ports": ["8888:8888"],
   "restart": "on-failure",
   "user": "2000:100",
   "volumes": [{"bind":{"create_host_path":false},"source":"/mnt/shared/jupyter","target":"/home/jovyan","type":"bind"},{"bind":{"create_host_path":false},"source":"/mnt/scratch/jupyter/tmp","target":"/tmp","type":"bind"}]
  }
 }
}
END-OF-COMPOSE
exec bash /opt/geusemaker/run machine
