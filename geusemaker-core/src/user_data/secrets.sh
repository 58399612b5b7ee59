# Secrets, for the scripts that have some. The values are only in variables of this shell and in the environment of
# Docker Compose: in no argument of a command, and in no file but that of a generated secret.
# shellcheck shell=bash disable=SC2154

fetch() {
  if [[ $kind == ssm ]]; then
    ask_aws ssm get-parameter --with-decryption --name="$name" --query Parameter.Value
  else
    ask_aws secretsmanager get-secret-value --secret-id="$name" --query SecretString
  fi
}

# A new role, and its rights, become known everywhere within minutes.
read_secret() {
  local place=$kind:$name error='' json_key='import json, sys
value = json.load(sys.stdin)[sys.argv[1]]
sys.stdout.write(value if isinstance(value, str) else json.dumps(value))'
  until fetch; do
    case $error in
      *ParameterNotFound* | *ResourceNotFound*) fail "$service" "the secret $variable: there is no $place in $region" ;;
      *InvalidRequest* | *InvalidParameter* | *Validation* | *InvalidKeyId* | *DecryptionFailure*) deadline=0 ;;
    esac
    ((SECONDS < deadline)) || fail "$service" "the secret $variable could not be read from $place: $error"
    sleep 10
  done
  [[ $kind == ssm || $value != None ]] || fail "$service" "the secret $variable: $place holds no text"
  [[ -z $key ]] || value=$(printf '%s' "$value" | python3 -X utf8 -c "$json_key" "$key" 2>/dev/null) ||
    fail "$service" "the secret $variable: $place has no key $key"
}

# 32 random bytes. A file with this name is always complete, and of several instances the first one makes it.
make_secret() {
  local new code=0
  new=$(mktemp "${1%/*}/.new.XXXXXXXX") || return
  { head -c 32 /dev/urandom | base64 -w 0 | tr -d = | tr +/ -_ >"$new" &&
    [[ $(wc -c <"$new") == 43 ]] && sync "$new" && { ln -T "$new" "$1" || true; }; } || code=1
  rm -f "$new"
  return "$code"
}

generate_secret() {
  local folder=/mnt/shared/.geusemaker/secrets file=/mnt/shared/.geusemaker/secrets/$name
  {
    (umask 077 && mkdir -p "$folder") && { [[ -e $file ]] || make_secret "$file"; } && retry_for 60 test -r "$file"
  } 2>"$errors" ||
    fail "$service" "the secret $variable could not be made: $(last_line "$(<"$errors")")"
  value=$(<"$file")
  [[ -n $value ]] || fail "$service" "the secret $variable is empty in $file: remove the file to have a new one made"
}

read_secrets() {
  local entry service variable kind name key value deadline=$((SECONDS + 300))
  for entry in "${secrets[@]}"; do
    read -r service variable kind name key <<<"$entry"
    value=''
    if [[ $kind == generate ]]; then generate_secret; else read_secret; fi
    hide "$value"
    values+=("$value")
  done
}
