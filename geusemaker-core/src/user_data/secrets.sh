# Secrets, for the scripts that have some. The values are only in variables of this shell and in the environment of
# Docker Compose: in no argument of a command, and in no file but that of a generated secret.
# shellcheck shell=bash disable=SC2154

errors=/var/log/geusemaker-errors.log

# Ubuntu 24.04 has no package of the AWS CLI.
aws_cli() {
  local folder=/var/lib/geusemaker-aws url
  if has apt-get; then
    url=https://awscli.amazonaws.com/awscli-exe-linux-$(uname -m).zip
    { has unzip || packages unzip; } && rm -rf "$folder" &&
      curl -fsSL --retry 5 --create-dirs -o "$folder/aws.zip" "$url" &&
      unzip -q "$folder/aws.zip" -d "$folder" && "$folder/aws/install" --update && rm -rf "$folder"
  else
    packages awscli-2 || packages awscli
  fi >>"$log" 2>&1
}

# Remembers each line of a value, the longest first: a value may contain another one.
hide() {
  local rest=$1 line place
  while [[ -n $rest ]]; do
    line=${rest%%$'\n'*} rest=${rest:${#line}}
    rest=${rest#$'\n'} line=${line%$'\r'} place=${#hidden[@]}
    ((${#line} >= 4)) || continue
    while ((place)) && ((${#hidden[place - 1]} < ${#line})); do
      hidden[place]=${hidden[place - 1]} place=$((place - 1))
    done
    hidden[place]=$line
  done
}

# Without the line ends at the end of the value.
ask_aws() {
  local code=0
  value=$(LC_ALL=C.UTF-8 PYTHONUTF8=1 timeout 60 aws --region "$region" "$@" --output text 2>"$errors") || code=$?
  case $code in
    0) return ;;
    124) error='no answer within 60 seconds' ;;
    *) error=$(last_line "$(grep -m 1 'An error occurred' "$errors" || cat "$errors")") ;;
  esac
  [[ -n $error ]] || error="aws ends with code $code"
  return 1
}

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
