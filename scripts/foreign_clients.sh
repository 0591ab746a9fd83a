#!/usr/bin/env bash
# Calls every SOAP operation of every system at the gateway with clients that are not ours: Node's package `soap` and a Java
# client generated from the served WSDL. What is not installed (node, npm; java, javac, mvn), or whose registry is not reached, is said
# and left out; --require-all makes that an error. Everything that is made stands in a temporary folder, or in the one of FOREIGN_CLIENTS.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
lgsp=${BUS_COMMAND:-$root/.venv/bin/lgsp}
out=${FOREIGN_CLIENTS:-$(mktemp -d)}
mkdir -p "$out/node" "$out/java"
rm -rf "$out/data"
"$lgsp" up --port 0 --sim-port 0 --data "$out/data" >"$out/up.log" 2>&1 &
up=$!
trap 'kill -INT $up 2>/dev/null; wait $up 2>/dev/null || true' EXIT
for _ in $(seq 300); do [ -s "$out/data/demo.json" ] && break; kill -0 $up || { cat "$out/up.log"; exit 1; }; sleep 0.2; done
read -r LGSP_URL LGSP_SIMULATOR LGSP_API_KEY < <(python3 -c '
import json, sys
demo = json.load(open(sys.argv[1]))
print(demo["gateway"], demo["simulator"], demo["consumers"][0]["api_key"])' "$out/data/demo.json")
export LGSP_URL LGSP_SIMULATOR LGSP_API_KEY
curl -sf --retry 20 --retry-connrefused --retry-delay 1 "$LGSP_URL/readyz" >/dev/null
code=0 missing=0
if command -v node >/dev/null && command -v npm >/dev/null; then
  cp "$root"/examples/node/{package.json,every_operation.mjs} "$out/node/"
  if (cd "$out/node" && npm install --no-audit --no-fund --silent); then
    (cd "$out/node" && node every_operation.mjs) || code=1
  else
    echo "left out: npm's registry is not reached" && missing=1
  fi
else
  echo "left out: node and npm are not installed" && missing=1
fi
if command -v mvn >/dev/null && command -v javac >/dev/null; then
  ended=0 && "$root/examples/java/run.sh" "$out/java" || ended=$?
  if [ $ended = 3 ]; then
    echo "left out: Maven's repository is not reached" && missing=1
  elif [ $ended != 0 ]; then
    code=1
  fi
else
  echo "left out: a JDK and mvn are not installed" && missing=1
fi
[ "${1:-}" = --require-all ] && [ $missing = 1 ] && code=1
exit $code
