# Values that the console must not show, and how they are read from AWS.
# shellcheck shell=bash disable=SC2154,SC2034

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

# Sets $value, without the line ends at its end, or $error. The value is never an argument of a command.
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
