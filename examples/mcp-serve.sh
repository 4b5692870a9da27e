#!/bin/sh
# cos serve: one server for any number of agents, over HTTP, each let in by a token of its own until that is taken back. The
# inspector's command line is the client here.
# From a checkout: COS="./dev cos" INSPECTOR=apps/mcp-server/node_modules/.bin/mcp-inspector examples/mcp-serve.sh
set -eu
cos=${COS:-cos}
inspector=${INSPECTOR:-npx -y @modelcontextprotocol/inspector}

token=$($cos token create example --ttl 1h 2>/dev/null)
log=$(mktemp)
$cos serve --port 0 2>"$log" & # --port 8770 is the default; 0 is any that is free
server=$!
clean_up() {
  kill "$server" && wait "$server" || true # what the server runs ends with it
  $cos token revoke example >/dev/null 2>&1 || true
  rm -f "$log"
}
trap clean_up EXIT
until grep -q "Serving at" "$log"; do
  kill -0 "$server"
  sleep 0.2
done
url=$(sed -n 's/^cos: Serving at //p' "$log")

ask() {
  $inspector --cli "$url" --transport http --header "Authorization: Bearer $token" "$@"
}

echo "--- a job, for the agent called example"
ask --method tools/call --tool-name container_run --tool-arg image=busybox "command=echo hello over HTTP"

echo "--- what the operator sees of it"
$cos audit query --caller http:example

echo "--- and without its token"
$cos token revoke example
ask --method tools/list >/dev/null 2>&1 || echo "let in no more"
