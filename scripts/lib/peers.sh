# shellcheck shell=bash
# Builds the real programs of a cluster, from the public Go modules that conformance.d/modules pins: each once, kept below
# ${XDG_CACHE_HOME:-~/.cache}/towpath/peers in a folder named by the versions it was built from. Needs console.sh, and $here, the
# folder of the scripts.
# shellcheck disable=SC2154

peers_cache=${XDG_CACHE_HOME:-$HOME/.cache}/towpath/peers
peers_modules=$here/conformance.d/modules

# Folders with what was built, one a module: conformance's own list of where programs are.
declare -A peer_folders=()

# need_go: finds a Go that is new enough for every module. sudo drops PATH, so the usual folder is looked into as well.
need_go() {
  local wanted found
  wanted=$(sed -n 's/^go //p' "$peers_modules"/*/go.mod | sort -V | tail -n 1)
  PATH=$PATH:/usr/local/go/bin
  command -v go >/dev/null || die "there is no Go here, which builds Kubernetes and the other real programs" \
    "Install Go $wanted or newer from its project's packages into /usr/local/go, or put another one into PATH."
  # With GOTOOLCHAIN=local, go fails instead of fetching another one.
  export GOTOOLCHAIN=local GOFLAGS=-buildvcs=false
  found=$(go env GOVERSION)
  found=${found#go}
  [[ $(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1) == "$wanted" ]] ||
    die "Go $found is too old: Kubernetes and the other real programs need $wanted" "Install a newer one and put it into PATH."
}

# What the linker puts into Kubernetes' programs: without, each says v0.0.0, and the kubelet's check of versions fails.
kubernetes_flags() {
  local version minor package
  version=$(awk '$1 == "require" && $2 == "k8s.io/kubernetes" {print $3}' "$peers_modules/kubernetes/go.mod")
  minor=${version#v1.} minor=${minor%%.*}
  printf -- '-s -w'
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    printf -- ' -X %s.%s' "$package" "gitVersion=$version" "$package" gitMajor=1 "$package" "gitMinor=$minor" \
      "$package" gitTreeState=clean "$package" buildDate=2026-01-01T00:00:00Z
  done
}

# peer MODULE PROGRAM PACKAGE [BUILD FLAG...]: builds a program unless it is there. cgo=1 before it: with C.
peer() { go_builds "build" "$@"; }

# peer_suite MODULE PROGRAM PACKAGE: the same for a package of tests.
peer_suite() { go_builds "test -c" "$@"; }

go_builds() {
  local module=$2 program=$3 package=$4 folder key verb
  read -ra verb <<<"$1"
  shift 4
  if [[ -z ${peer_folders[$module]:-} ]]; then
    key=$({ go env GOVERSION; cat "$peers_modules/$module"/go.{mod,sum}; } | sha256sum | cut -c 1-16)
    peer_folders[$module]=$peers_cache/$module-$key
  fi
  folder=${peer_folders[$module]}
  [[ ! -x $folder/$program ]] || return 0
  mkdir -p "$folder"
  # Another run may be at it.
  with_progress "building $program" "$folder/$program.log" \
    flock "$folder.lock" env -C "$peers_modules/$module" CGO_ENABLED="${cgo:-0}" "$here/conformance.d/build" "$folder/$program" \
    "${verb[@]}" -trimpath -ldflags '-s -w' "$@" -o "$folder/$program.part" "$package" || {
    tail -n 30 "$folder/$program.log" | sed 's/^/  /' >&2
    die "$program could not be built; the end of its log is above" "The whole log: $folder/$program.log"
  }
  rm -f "$folder/$program.log"
}

# build_peers [suites] [flannel]: what a cluster is made of; with the words, upstream's suites and flannel too.
build_peers() {
  local flags program
  flags=$(kubernetes_flags)
  for program in kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubectl kubelet; do
    peer kubernetes "$program" "k8s.io/kubernetes/cmd/$program" -ldflags "$flags"
  done
  peer kubernetes agnhost k8s.io/kubernetes/test/images/agnhost
  peer etcd etcd go.etcd.io/etcd/server/v3
  # Pods in user namespaces need runc 1.2 or newer, and the manifest's seccomp profile needs runc to have it.
  cgo=1 peer runc runc github.com/opencontainers/runc -tags seccomp
  for program in containerd containerd-shim-runc-v2 ctr; do
    peer containerd "$program" "github.com/containerd/containerd/v2/cmd/$program" -tags no_btrfs,no_devmapper,no_zfs
  done
  peer cni loopback github.com/containernetworking/plugins/plugins/main/loopback
  peer coredns coredns github.com/coredns/coredns
  peer_of_ours pause
  peer_of_ours sctp-agnhost
  if [[ " $* " == *" flannel "* ]]; then
    # flanneld needs C for its backend udp, and a cloud's SDK that is not to be had, which a module of ours stands in for.
    cgo=1 peer flannel flanneld github.com/flannel-io/flannel -ldflags "-s -w -X github.com/flannel-io/flannel/pkg/version.Version=v0.28.10"
    peer cni bridge github.com/containernetworking/plugins/plugins/main/bridge
    peer cni host-local github.com/containernetworking/plugins/plugins/ipam/host-local
    peer cni portmap github.com/containernetworking/plugins/plugins/meta/portmap
  fi
  if [[ " $* " == *" suites "* ]]; then
    peer_suite kubernetes e2e.test k8s.io/kubernetes/test/e2e
    peer kubernetes ginkgo github.com/onsi/ginkgo/v2/ginkgo
    peer kubernetes regression-issue-74839 k8s.io/kubernetes/test/images/regression-issue-74839
    peer_suite network-policy-api network-policy-api.test sigs.k8s.io/network-policy-api/conformance
    peer_file network-policy-api clusternetworkpolicies.crd.yaml sigs.k8s.io/network-policy-api \
      config/crd/experimental/policy.networking.k8s.io_clusternetworkpolicies.yaml
  fi
}

# peer_file MODULE NAME SOURCE-MODULE PATH: lays a file of a public module beside the programs that MODULE has built.
peer_file() {
  local folder=${peer_folders[$1]} source
  [[ ! -e $folder/$2 ]] || return 0
  source=$(go -C "$peers_modules/$1" list -m -f '{{.Dir}}' "$3")
  install -m 644 "$source/$4" "$folder/$2.part.$$"
  mv "$folder/$2.part.$$" "$folder/$2"
}

# peer_of_ours PROGRAM: of the few that are ours, in C.
peer_of_ours() {
  local source=$here/conformance.d/$1.c folder
  folder=$peers_cache/$1-$(sha256sum <"$source" | cut -c 1-16)
  peer_folders[$1]=$folder
  [[ ! -x $folder/$1 ]] || return 0
  mkdir -p "$folder"
  gcc -O2 -Wall -Wextra -static -s -o "$folder/$1.part.$$" "$source"
  mv "$folder/$1.part.$$" "$folder/$1"
}

# peers_path: the folders, as PATH has them.
peers_path() {
  local IFS=:
  echo "${peer_folders[*]}"
}
