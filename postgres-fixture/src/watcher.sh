# Waits for the end of its input, which comes when the test process ends, however it ends. Then kills every process that
# works in a data folder below $1, gives the server's shared memory back, and removes $1.
while read -r line; do :; done

processes() {
  for process in /proc/[0-9]*; do
    case "$(readlink "$process/cwd" 2>/dev/null)" in
    "$1"/*) echo "${process#/proc/}" ;;
    esac
  done
}

tries=0
while left=$(processes "$1") && [ -n "$left" ] && [ "$tries" -lt 200 ]; do
  # One may be gone meanwhile.
  kill -9 $left 2>/dev/null
  tries=$((tries + 1))
  sleep 0.05
done
for file in "$1"/*/postmaster.pid "$1"/*/*/postmaster.pid; do
  # The seventh line: key and number of a small segment that outlives a postmaster that is killed.
  [ -f "$file" ] && ipcrm -m "$(sed -n '7s/.* //p' "$file")" 2>/dev/null
done
rm -rf "$1"
