# shellcheck shell=bash
# Debian packages: installs what is missing and nothing else. Needs console.sh.

installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# apt is told to wait for a lock that an unattended upgrade may hold, and never to ask.
apt_quiet() {
  DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l \
    apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

install_now() {
  if ! apt_quiet install --no-install-recommends "$@"; then
    # A fresh machine has no package lists, an old one has stale ones.
    apt_quiet update && apt_quiet install --no-install-recommends "$@"
  fi
}

# install_packages NAME...
install_packages() {
  local name missing=() log
  command -v apt-get dpkg-query >/dev/null ||
    die "no apt-get here" "Towpath's scripts know Debian and Ubuntu. Install by hand: $*"
  for name; do installed "$name" || missing+=("$name"); done
  ((${#missing[@]})) || return 0
  log=$(mktemp /tmp/towpath-apt.XXXXXX)
  if ! with_progress "installing ${#missing[@]} Debian package(s)" "$log" install_now "${missing[@]}"; then
    show_file "$log" >&2
    rm -f "$log"
    die "apt-get could not install: ${missing[*]}" "Mend what it says above, then run this again."
  fi
  rm -f "$log"
}

# first_available NAME...: the first package of the list that this machine's sources have.
first_available() {
  local name
  for name; do
    if apt-cache show "$name" >/dev/null 2>&1; then
      echo "$name"
      return 0
    fi
  done
  return 1
}
