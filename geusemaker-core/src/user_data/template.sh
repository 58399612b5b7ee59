#!/bin/bash
# First start of an instance of the stack {{ stack }}: writes the script that does the work, and runs it.
# Nothing here is secret: whoever may describe the instance can read it.
set -euo pipefail
umask 022
mkdir -p /opt/geusemaker
cat >/opt/geusemaker/run <<'END-OF-RUN'
#!/bin/bash
{{ runner }}

{% if spot %}
{{ spot_runner }}

{% endif %}
{% if secrets or registries %}
{{ aws_runner }}

region={{ region | quote }}
needs_aws={{ needs_aws }}
{% endif %}
{% if registries %}
{{ ecr_runner }}

# The host of a private registry, and its Region.
registries=(
{% for registry in registries %}
  {{ registry | quote }}
{% endfor %}
)
{% endif %}
{% if access_points %}
{{ access_points_runner }}

# Mounted in place of the whole file system: an access point, and the folder at which it is mounted.
access_points=(
{% for access_point in access_points %}
  {{ access_point | quote }}
{% endfor %}
)

{% endif %}
{% if secrets %}
{{ secrets_runner }}

# For each value: the first service and variable that need it, and its place.
secrets=(
{% for secret in secrets %}
  {{ secret | quote }}
{% endfor %}
)
{% endif %}
file_system={{ file_system | quote }}
file_system_host={{ file_system_host | quote }}
# If known, used as long as the name of the file system cannot be resolved.
mount_target_ip=''
{% if gpus %}
gpu_check={{ gpus.check }}
{% endif %}
# If set, AWS may take the instance back.
spot={{ spot }}
{% if gpus %}
gpu_maker={{ gpus.maker | quote }}
{% endif %}
scratch={{ scratch }}
# The first service that needs the image, and the image.
images=(
{% for image in images %}
  {{ image | quote }}
{% endfor %}
)
# In the order in which they are started.
services=({{ services | quote_all }})
{% if gpus %}
gpu_services=({{ gpus.services | quote_all }})
{% endif %}
# The owner of a volume's folder, and the folder. "?": only if the folder is still root's. "-": as it is.
folders=(
{% for folder in folders %}
  {{ folder | quote }}
{% endfor %}
)
"$mode"
END-OF-RUN
(umask 077 && cat >/opt/geusemaker/compose.json) <<'END-OF-COMPOSE'
{{ compose }}
END-OF-COMPOSE
exec bash /opt/geusemaker/run machine
