# A part of the script of instances that may be bought on the spot market.
# shellcheck shell=bash disable=SC2154

# Prints the notice of AWS that it takes this spot instance back, which comes two minutes before. Fails without one.
notice() {
  local token
  token=$(curl -fsS -m 2 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/api/token") &&
    curl -fsS -m 2 -H "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/spot/instance-action"
}
metadata=http://169.254.169.254/latest

# Stops the services while there is time: what they have in memory reaches the disks.
leave() {
  local when=${1##*\"time\"*: \"}
  console "GEUSEMAKER:FAILED the machine: AWS takes this spot instance back at ${when%%\"*}, so its services were stopped"
  compose stop -t 90 >>"$log" 2>&1 || true
  sync
  exit 0
}
