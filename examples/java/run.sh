#!/usr/bin/env bash
# Generates a client from the WSDL that the gateway at LGSP_URL serves, compiles it and calls every operation.
# Everything that is made goes to the folder named first (default: a temporary one). Ends with 3 where Maven cannot fetch what is needed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$(mktemp -d)}
mkdir -p "$out/classes" "$out/sources"
[ -s "$out/classpath" ] || mvn -q -f "$here/pom.xml" dependency:build-classpath -Dmdep.outputFile="$out/classpath" || exit 3
: "${LGSP_URL:?}" "${LGSP_API_KEY:?}" "${LGSP_SIMULATOR:?}"
path=$(cat "$out/classpath")
for system in $(curl -sf "$LGSP_SIMULATOR/_sim/systems" | python3 -c 'import json,sys; print(*(s["name"] for s in json.load(sys.stdin)))'); do
  java -cp "$path" com.sun.tools.ws.WsImport -quiet -Xnocompile -p "vn.vidu.${system//-/}" \
    -b "$here/bindings.xml" -b "$here/types.xjb" -s "$out/sources" -d "$out/classes" "$LGSP_URL/soap/$system/v1?wsdl" || echo "FAILED $system: wsimport does not take its WSDL"
done
find "$out/sources" "$here" -name '*.java' >"$out/files"
javac -nowarn -proc:none -encoding UTF-8 -cp "$path" -d "$out/classes" "@$out/files"
java -cp "$path:$out/classes" EveryOperation "$out/classes"
