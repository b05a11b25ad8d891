#!/bin/sh
# Runs a command of this project under the Node that .node-version pins, on a machine that may have an older one
# or the right one: sh tools/with-node.sh COMMAND [ARGUMENT…]
# Installs, once and inside the project only: that Node, node_modules and the WebAssembly build.
set -eu

root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
wanted=$(cat "$root/.node-version")
minimum=24
tools=$root/.tools
stamp=$root/node_modules/.odo-installed

major_of() { "$1" --version 2>/dev/null | sed -n 's/^v\([0-9]*\)\..*/\1/p'; }

# A Node of the pinned major or later that is already there is used as it is.
present=$(command -v node || true)
major=$([ -n "$present" ] && major_of "$present" || true)
if [ -n "$major" ] && [ "$major" -ge "$minimum" ]; then
  bin=$(dirname -- "$present")
else
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) platform=linux-x64 ;;
    Linux-aarch64 | Linux-arm64) platform=linux-arm64 ;;
    Darwin-arm64) platform=darwin-arm64 ;;
    Darwin-x86_64) platform=darwin-x64 ;;
    *) echo "with-node: no Node $wanted package for $(uname -s) $(uname -m); install Node $minimum or later yourself" >&2; exit 1 ;;
  esac
  bin=$tools/node-$wanted/node_modules/node-$platform/bin
fi

lock_checksum() { cksum <"$root/package-lock.json"; }

node_ready() { [ -x "$bin/node" ]; }
modules_ready() { [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(lock_checksum)" ]; }
wasm_sources=$root/src/archive
# The same files as buildModule compares.
module_ready() {
  [ -f "$root/build/$1.wasm" ] &&
    [ -z "$(find "$wasm_sources/$1/assembly" "$wasm_sources/$1/build.ts" "$wasm_sources/wasm/build-module.ts" \
      -type f -newer "$root/build/$1.wasm" -print)" ]
}
wasm_ready() {
  for assembly in "$wasm_sources"/*/assembly; do
    [ ! -d "$assembly" ] || module_ready "$(basename "$(dirname "$assembly")")" || return 1
  done
}

# One process installs at a time; the others wait. The kernel gives the lock back however its holder ends.
take_lock() {
  mkdir -p "$tools"
  if command -v flock >/dev/null; then
    exec 9>"$tools/lock"
    flock 9
  else
    # No flock (macOS): a directory, removed at the end; one that a kill left behind is passed over after ten minutes.
    until mkdir "$tools/lock.d" 2>/dev/null; do
      [ -z "$(find "$tools/lock.d" -maxdepth 0 -mmin +10 2>/dev/null)" ] || rmdir "$tools/lock.d" 2>/dev/null || true
      sleep 0.2
    done
    trap 'rmdir "$tools/lock.d"' EXIT
  fi
}

release_lock() {
  if command -v flock >/dev/null; then exec 9>&-; else
    rmdir "$tools/lock.d"
    trap - EXIT
  fi
}

say() { echo "with-node: $*" >&2; }

if ! { node_ready && modules_ready && wasm_ready; }; then
  take_lock
  if ! node_ready; then
    say "installing Node $wanted into .tools (once)"
    mkdir -p "$tools/node-$wanted"
    # npm needs a package.json to stop looking upwards for the project's own.
    echo '{"private":true}' >"$tools/node-$wanted/package.json"
    npm install --prefix "$tools/node-$wanted" --no-save --ignore-scripts --loglevel=error "node-$platform@$wanted" >&2
  fi
  PATH=$bin:$PATH
  export PATH
  if ! modules_ready; then
    say 'installing node_modules (once per package-lock.json)'
    # Development tools too, whatever NODE_ENV says.
    (cd "$root" && npm ci --include=dev --loglevel=error >&2)
    lock_checksum >"$stamp"
  fi
  if ! wasm_ready; then
    say 'building the WebAssembly modules'
    (cd "$root" && node src/archive/wasm/build.ts >&2)
  fi
  release_lock
fi

PATH=$root/node_modules/.bin:$bin:$PATH
export PATH
exec "$@"
