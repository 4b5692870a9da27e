#!/bin/sh
# The prompt docker_compose without a model: what one is told of a new project, and what in another chat, after it has made
# something. The inspector's command line is the client here; each of its calls starts a server of its own.
# From a checkout: COS_MCP="./dev cos-mcp" INSPECTOR=apps/mcp-server/node_modules/.bin/mcp-inspector examples/mcp-compose.sh
set -eu
server=${COS_MCP:-npx -y @cos/mcp-server}
inspector=${INSPECTOR:-npx -y @modelcontextprotocol/inspector}

ask() {
  $inspector --cli "$@" -- $server --as composer --toolsets all
}
call() {
  tool=$1
  shift
  ask --method tools/call --tool-name "$tool" --tool-arg "$@"
}
tell() {
  ask --method prompts/get --prompt-name docker_compose --prompt-args name=greetings "containers=something that greets" |
    node -p 'JSON.parse(require("fs").readFileSync(0, "utf8")).messages[0].content.text'
}
clean_up() {
  call container_rm container=greetings-web force=true >/dev/null || true
  call network_remove network=greetings-net >/dev/null || true
}

echo "--- what a model is told of a new project"
tell

trap clean_up EXIT
call network_create name=greetings-net project=greetings "purpose=an example" >/dev/null
call container_ensure name=greetings-web image=busybox project=greetings network=greetings-net "purpose=it greets" \
  "command=mkdir -p /srv && echo hello >/srv/index.html && exec httpd -f -p 8000 -h /srv" \
  "healthCommand=wget -q -O /dev/null http://127.0.0.1:8000/" healthIntervalSeconds=5 >/dev/null

echo "--- and in another chat"
tell | sed -n '/^What there is/,$p'
