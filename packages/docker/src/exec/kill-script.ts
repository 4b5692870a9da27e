/**
 * What the helper runs: a shell script for busybox. It is given the marker and `yes` when the command runs below an init
 * of its own, reads requests from its input, and answers each with one line.
 *
 * - `end` stops that init, so that it neither ends nor lets a process out of its tree, asks the tree to end, kills
 *   after a grace of about 2 s what has not, again and again until a look finds nothing, and then the init.
 * - `sweep` kills at once what a single look finds. It is asked for while nothing in the container runs.
 * - `check` waits up to about a second until what was swept is gone.
 *
 * Without such an init, the tree is the processes that carry the marker and their descendants.
 *
 * In the answer, `seen` counts the processes of the command when the helper began, `left` those that are still there,
 * and `loose` processes whose parent the last look has missed, so that they may be of the command. `keep` is `lost` when
 * the init was not there to keep the tree together. `young` counts processes in the container that are as young as the
 * command, or younger; it is -1 when nothing is known of that.
 */
export const killScript = String.raw`
b=/bin/busybox mark="COS_EXEC_ID=$1" keep=$2 keeper= born= swept= tree= loose=0 seen=0
cd /proc || exit 1

# Of the processes $1 and all their descendants, those that are alive.
scan() {
  set -- $($b cat [0-9]*/status 2>/dev/null | $b awk -v seeds="$1" '
    $1 == "State:" { state = $2 }
    $1 == "Pid:" { pid = $2 }
    $1 == "PPid:" { parent = $2 }
    # A process whose first thread has ended looks like a zombie while its other threads run.
    $1 == "Threads:" && (state !~ /[ZX]/ || $2 > 1) { parents[pid] = parent }
    END {
      count = split(seeds, seed, " ")
      for (i = 1; i <= count; i++) if (seed[i] in parents) tree[seed[i]] = 1
      do {
        grown = 0
        for (pid in parents) if (!(pid in tree) && (parents[pid] in tree)) { tree[pid] = 1; grown = 1 }
      } while (grown)
      for (pid in parents) if (parents[pid] != 0 && !(parents[pid] in parents)) loose++
      for (pid in parents) if (parents[pid] == 0) tops = tops "," pid
      for (pid in tree) if (pid != 1) list = list " " pid
      print loose + 0, 0 tops list
    }')
  loose=$1 tops=$2
  shift 2
  found=$*
}

is_marked() { { $b tr '\0' '\n' <"$1/environ" | $b grep -qxF -- "$mark"; } 2>/dev/null; }

# When a process began, in ticks of the kernel, or that it is dead. Its name stands before the last parenthesis,
# whatever it holds.
start_of() {
  start= dead=
  { read -r line <"$1/stat"; } 2>/dev/null || return 0
  set -- ${"$"}{line##*) }
  state=$1
  shift 17
  case $state$1 in Z1 | X*) dead=yes ;; *) start=$3 ;; esac
}

nap() { $b sleep 0.05 2>/dev/null || $b sleep 1; }

find_marked() {
  marked=
  for pid in [0-9]*; do
    [ "$pid" != 1 ] && [ "$pid" != $$ ] && is_marked "$pid" && marked="$marked $pid"
  done
}

look() {
  if [ -n "$keeper" ]; then
    start_of "$keeper"
    [ "$start" = "$born" ] || keeper= keep=lost
  fi
  if [ -n "$keeper" ]; then
    scan "$keeper"
    tree=
    for pid in $found; do [ "$pid" = "$keeper" ] || tree="$tree $pid"; done
    set -- $tree
    tree=$*
  else
    find_marked
    scan "$marked"
    tree=$found
  fi
}

gone() { [ -z "$tree" ] && [ "$loose" = 0 ]; }

wait_gone() {
  rounds=$1 signal=$2
  while look; ! gone; do
    [ -n "$signal" ] && [ -n "$tree" ] && kill "$signal" $tree 2>/dev/null
    rounds=$((rounds - 1))
    [ "$rounds" -gt 0 ] || return 0
    nap
  done
}

count_young() {
  young=-1
  [ -n "$born" ] || return 0
  young=0
  for pid in [0-9]*; do
    [ "$pid" = $$ ] && continue
    start_of "$pid"
    if [ -n "$dead" ]; then
      continue
    elif [ -z "$start" ]; then
      [ -d "$pid" ] && young=$((young + 1))
    elif [ "$start" -ge "$born" ]; then
      young=$((young + 1))
    fi
  done
}

end() {
  scan ""
  for pid in $(echo "$tops" | $b tr , ' '); do
    [ "$pid" != 0 ] && [ "$pid" != 1 ] && [ "$pid" != $$ ] && is_marked "$pid" || continue
    start_of "$pid"
    [ -n "$start" ] || continue
    [ -z "$born" ] || [ "$start" -lt "$born" ] && born=$start
    [ "$keep" != yes ] || { keeper=$pid; kill -STOP "$pid"; }
  done
  [ "$keep" = yes ] && [ -z "$keeper" ] && keep=lost
  look
  set -- $tree $keeper
  seen=$#
  [ -n "$tree" ] && kill -TERM $tree 2>/dev/null
  wait_gone 40 ""
  wait_gone 20 -KILL
  if gone && [ -n "$keeper" ]; then
    swept=$keeper
    kill -KILL "$keeper"
    check
  fi
}

sweep() {
  look
  swept="$tree $keeper"
  kill -KILL $swept 2>/dev/null
}

check() {
  keeper= rounds=20
  while scan "$swept"; tree=$found; ! gone; do
    rounds=$((rounds - 1))
    [ "$rounds" -gt 0 ] || return 0
    nap
  done
}

while read -r -t 60 request; do
  case $request in
  end | sweep | check) $request ;;
  *) exit 1 ;;
  esac
  set -- $tree $keeper
  left=$#
  count_young
  echo "seen=$seen left=$left loose=$loose keep=$keep young=$young"
done
`.trim();
