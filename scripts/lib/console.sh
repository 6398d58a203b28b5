# shellcheck shell=bash
# What a script says to the person who runs it: calm, aligned, coloured only on a terminal.

if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m' wipe=$'\r\e[K'
else
  bold='' dim='' red='' green='' plain='' wipe=''
fi

title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
note() { printf '  %s\n' "$*"; }
faint() { printf '  %s%s%s\n' "$dim" "$*" "$plain"; }

# tick WHAT [RESULT]: one line of a list of checks.
tick() {
  if [[ -n ${2:-} ]]; then
    printf '  %sok%s  %-50s %s\n' "$green" "$plain" "$1" "$2"
  else
    printf '  %sok%s  %s\n' "$green" "$plain" "$1"
  fi
}

# die WHAT [MEND...]: the one way out on failure. Each further argument is a line of its own.
die() {
  printf '\n%serror:%s %s\n' "$red" "$plain" "$1" >&2
  shift
  (($# == 0)) || printf '       %s\n' "$@" >&2
  exit 1
}

# show_file FILE [INDENT]: a file's lines, indented.
show_file() { sed "s/^/${2:-  }/" "$1"; }

# with_progress LABEL LOG COMMAND...: runs COMMAND with its output in LOG, saying how long it has been at it:
# on a terminal in place, elsewhere in a line every half minute. Returns what COMMAND returned.
# COMMAND gets a process group of its own (set -m), so that stop_progress ends all of it.
with_progress() {
  local label=$1 log=$2 started=$SECONDS next=30 code=0
  shift 2
  set -m
  "$@" >"$log" 2>&1 </dev/null &
  progress_group=$!
  set +m
  while kill -0 "$progress_group" 2>/dev/null; do
    if [[ -n $wipe ]]; then
      printf '%s  ..  %-50s %s' "$wipe" "$label" "$((SECONDS - started)) s"
    elif ((SECONDS - started >= next)); then
      printf '  ..  %-50s %s\n' "$label" "$((SECONDS - started)) s"
      next=$((next + 30))
    fi
    sleep 0.2
  done
  wait "$progress_group" || code=$?
  progress_group=''
  printf '%s' "$wipe"
  ((code != 0)) || tick "$label" "$((SECONDS - started)) s"
  return "$code"
}

# What with_progress has started ends with the script: every script's EXIT trap calls this.
progress_group=''
stop_progress() {
  [[ -n $progress_group ]] || return 0
  kill -TERM -- "-$progress_group" 2>/dev/null || true
  wait "$progress_group" 2>/dev/null || true
}

need_root() {
  ((EUID == 0)) || die "this makes network namespaces, so it must run as root" "sudo $0 $*"
  # sudo may keep the caller's HOME; caches written there by root would lock the caller out of them.
  [[ -n ${HOME:-} && -z ${SUDO_UID:-} ]] || HOME=$(getent passwd 0 | cut -d: -f6)
  export HOME
  umask 022
}

# give_back_targets ROOT: under sudo, what was built belongs to the person who called, not to root.
give_back_targets() {
  [[ -n ${SUDO_UID:-} && ${SUDO_UID} != 0 ]] || return 0
  find "$1" -name target -type d -prune -exec chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" {} +
}
