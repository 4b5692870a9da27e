#!/bin/sh
# A service and a job that reaches it by its name, on a network that nothing else is on and that does not lead out.
# From a checkout: COS="./dev cos" examples/two-containers.sh
set -eu
cos=${COS:-cos}

clean_up() {
  $cos rm --force --yes greeter >/dev/null || true
  $cos network rm --yes greetings >/dev/null || true
}

$cos network create greetings --purpose "an example" >/dev/null
trap clean_up EXIT

# The service: it runs until it is removed, and is healthy when it answers.
$cos ensure greeter busybox --network greetings --health-cmd "wget -q -O /dev/null http://127.0.0.1:8000/" --health-interval 5 \
  --cmd "mkdir -p /srv && echo 'hello from the service' >/srv/index.html && exec httpd -f -p 8000 -h /srv"

# The job: on the network the service called greeter is the host cos-greeter.
answer=$($cos run busybox --network greetings --cmd "wget -q -O - http://cos-greeter:8000/")
echo "answer: $answer"

# Without the network nobody reaches it.
if $cos run busybox --quiet --cmd "wget -q -T 2 -O - http://cos-greeter:8000/" 2>/dev/null; then
  echo "this should not have been possible" >&2
  exit 1
fi
