#!/usr/bin/env bash
# A task service for Slipway in bash and curl: the task `archive` keeps the event that triggered it as a file.
# Settings: SLIPWAY_SERVER, SLIPWAY_TOKEN, ARCHIVE_FOLDER.
set -uo pipefail

server=${SLIPWAY_SERVER:-http://127.0.0.1:8484}
folder=${ARCHIVE_FOLDER:-./.slipway/archive}
source=/archive-bash/$(hostname)-$$
mkdir -p "$folder" || exit 1
work=$(mktemp -d) || exit 1

curl_slipway() { # As curl; the answer goes to $work/answer, the status to stdout. In a subshell, which becomes curl: so it can be ended.
  exec curl -sS --max-time 60 -o "$work/answer" -w '%{http_code}' ${SLIPWAY_TOKEN:+-H "authorization: Bearer $SLIPWAY_TOKEN"} "$@" 2>"$work/error"
}

archive() { # What the task does: keeps an event under the id of its attempt, and says where and what. A repeat finds it there.
  local file=$folder/$1.json
  if [[ ! -e $file ]]; then
    cp "$work/event" "$file.part" && sync -d "$file.part" && mv "$file.part" "$file" || return 1
  fi
  printf '{"file":"%s","bytes":%d,"sha256":"%s"}' "$1.json" "$(wc -c <"$file")" "$(sha256sum "$file" | cut -d' ' -f1)"
}

finished() { # ATTEMPT TYPE DATA: posts the answer until it is taken, or nobody wants it any more
  local event status
  event=$(printf '{"specversion":"1.0","id":"%s","source":"%s","type":"%s.finished","causationid":"%s","data":%s}' \
    "$(cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen)" "$source" "${2%.triggered}" "$1" "$3")
  while true; do
    status=$(curl_slipway -H 'content-type: application/cloudevents+json' -d "$event" "$server/v1/events")
    case $status in
      2??) return ;;
      000 | 401 | 403 | 408 | 425 | 429 | 5??)
        # Who ends cannot wait for ever: the attempt is offered again when its lease is over, and finds the file.
        [[ -n $ending ]] && ((SECONDS - ending >= drain_s)) && echo "ends without the answer to $1 taken ($status)" >&2 && return
        sleep 1
        ;;
      *) echo "the answer to $1 was refused ($status): $(head -c 300 "$work/answer")" >&2 && return ;;
    esac
  done
}

drain_s=10
ending= # The second in which a signal came.
trap 'ending=${ending:-$SECONDS}; kill "${claiming:-}" 2>/dev/null' TERM INT
trap 'rm -rf "$work"' EXIT
echo "serving archive from $server into $folder" >&2

while [[ -z $ending ]]; do
  # In the background, so that a signal does not have to wait for the claim. What the server hands out in the very moment
  # of the signal is lost with curl, and offered again when its lease is over.
  curl_slipway -H 'content-type: application/json' -d "{\"source\":\"$source\",\"version\":\"0.1.0\"}" \
    "$server/v1/tasks/archive/claim?wait=20s&max=1&lease=30s" >"$work/status" &
  claiming=$!
  wait "$claiming"
  status=$(<"$work/status")
  if [[ $status == 200 ]]; then
    # A claim of one is a list of one; its id and type stand before its data.
    sed -e '1s/^\[//' -e '$s/\]$//' "$work/answer" >"$work/event"
    attempt=$(grep -o '"id":"[^"]*"' "$work/event" | head -1 | cut -d'"' -f4)
    type=$(grep -o '"type":"[^"]*"' "$work/event" | head -1 | cut -d'"' -f4)
    if [[ -z $attempt || -z $type ]]; then
      echo "claimed something that is no event: $(head -c 300 "$work/event")" >&2
      sleep 1
    elif output=$(archive "$attempt"); then
      finished "$attempt" "$type" "{\"status\":\"succeeded\",\"result\":\"pass\",\"archive\":$output}"
    else
      finished "$attempt" "$type" '{"status":"errored","result":"fail","message":"the event could not be written","error":{"code":"WRITE_FAILED"}}'
    fi
  elif [[ $status != 204 && -z $ending ]]; then
    echo "could not claim (${status:-000}): $(head -c 300 "$work/error" "$work/answer" 2>/dev/null | tr '\n' ' ')" >&2
    sleep 1
  fi
done
