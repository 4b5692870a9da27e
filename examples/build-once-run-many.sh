#!/bin/sh
# Build an image once and run many jobs from it.
# From a checkout: COS="./dev cos" examples/build-once-run-many.sh
set -eu
cos=${COS:-cos}

# The context is a directory with a Dockerfile; .dockerignore counts. It must lie below the working directory.
mkdir -p words-app
cat >words-app/Dockerfile <<'DOCKERFILE'
FROM busybox
COPY count.sh /usr/local/bin/count
DOCKERFILE
cat >words-app/count.sh <<'SCRIPT'
#!/bin/sh
exec wc -w
SCRIPT
chmod +x words-app/count.sh

$cos image build --tag words:1 words-app

# The same content again is found, not built: a script can say this every time.
$cos image build --tag words:1 words-app

# Jobs name the image. Nothing is pulled or built for them.
for text in "one" "one two" "one two three"; do
  printf '%s: ' "$text"
  echo "$text" | $cos run --pull never words:1 --stdin - -- count
done

# With a registry in its name, it could be pushed: cos image push registry.example.com/team/words:1
$cos image rm words:1
