#!/bin/sh
# What a script does with `cos run`: pass data in, get data out, tell failures apart.
# From a checkout: COS="./dev cos" examples/cli-jobs.sh
set -eu
cos=${COS:-cos}

# Standard input goes in, standard output comes out, and the exit code is the job's own.
words=$(echo "one two three" | $cos run busybox --stdin - --cmd "wc -w")
echo "words: $words"

# Each failure has an exit code of its own.
status=0
$cos run busybox --quiet --timeout 1 --cmd "sleep 60" || status=$?
case $status in
  0) echo "done" ;;
  124) echo "the job took too long" ;;
  125) echo "cos could not run the job, or refused to" ;;
  *) echo "the job failed with exit code $status" ;;
esac

# A whole result for a program to read: exit code, both streams, what was cut, how long it took.
$cos run busybox --json --cmd "echo data; echo note >&2" | grep -E '"(exitCode|stdout|stderr)"'
