# Logins to private registries of Amazon ECR, for the scripts that need some.
# shellcheck shell=bash disable=SC2154,SC2034

# Docker writes the password down, which holds for twelve hours: in memory, where nobody but root can read it.
export DOCKER_CONFIG=/run/geusemaker/docker

# A new role, and its rights, become known everywhere within minutes.
log_in() {
  local service=$1 host=$2 region=$3 value error='' output deadline=$((SECONDS + 300))
  until ask_aws ecr get-login-password; do
    ((SECONDS < deadline)) || fail "$service" "no password for the registry $host: $error"
    sleep 10
  done
  hide "$value"
  (umask 077 && mkdir -p "$DOCKER_CONFIG")
  output=$(printf '%s' "$value" | docker login --username AWS --password-stdin "$host" 2>&1) ||
    fail "$service" "no login to the registry $host: $(last_line "$output")"
}
