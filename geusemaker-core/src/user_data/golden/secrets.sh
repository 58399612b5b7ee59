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
# secrets.sh without its comments

# For each value: the first service and variable that need it, and its place.
secrets=(
  'n8n DB_POSTGRESDB_PASSWORD generate db'
  'n8n N8N_ENCRYPTION_KEY generate n8n.N8N_ENCRYPTION_KEY'
  'n8n OPENAI_API_KEY secretsmanager llm/openai key'
  'vllm HF_TOKEN ssm /llm/hf-token'
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
  'n8n docker.n8n.io/n8nio/n8n:1.110.1'
  'vllm vllm/vllm-openai:v0.11.0'
  'postgres postgres:17'
)
# In the order in which they are started.
services=('n8n' 'vllm' 'postgres')
gpu_services=('vllm')
# The owner of a volume's folder, and the folder. "?": only if the folder is still root's. "-": as it is.
folders=(
)
"$mode"
END-OF-RUN
(umask 077 && cat >/opt/geusemaker/compose.json) <<'END-OF-COMPOSE'
{
 "name": "geusemaker",
 "services": {
  "n8n": {
   "container_name": "n8n",
   "environment": {"DB_POSTGRESDB_PASSWORD":"${GEUSEMAKER_SECRET_0?}","DB_TYPE":"postgresdb","N8N_ENCRYPTION_KEY":"${GEUSEMAKER_SECRET_1?}","OPENAI_API_KEY":"${GEUSEMAKER_SECRET_2?}"},
   "extra_hosts": ["host.docker.internal:host-gateway"],
   "image": "docker.n8n.io/n8nio/n8n:1.110.1",
   "logging": {"driver":"journald"},
   "ports": ["5678:5678"],
   "restart": "unless-stopped"
  },
  "vllm": {
   "container_name": "vllm",
   "deploy": {"resources":{"reservations":{"devices":[{"capabilities":["gpu"],"count":"all","driver":"nvidia"}]}}},
   "environment": {"HF_TOKEN":"${GEUSEMAKER_SECRET_3?}"},
   "extra_hosts": ["host.docker.internal:host-gateway"],
   "image": "vllm/vllm-openai:v0.11.0",
   "logging": {"driver":"journald"},
   "ports": ["8000:8000"],
   "restart": "unless-stopped"
  },
  "postgres": {
   "container_name": "postgres",
   "environment": {"POSTGRES_PASSWORD":"${GEUSEMAKER_SECRET_0?}"},
   "extra_hosts": ["host.docker.internal:host-gateway"],
   "image": "postgres:17",
   "logging": {"driver":"journald"},
   "restart": "unless-stopped"
  }
 }
}
END-OF-COMPOSE
exec bash /opt/geusemaker/run machine
