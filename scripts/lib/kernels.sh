# shellcheck shell=bash
# Virtual machines with Debian's kernels: a root file system, kernels with their modules, and QEMU. Needs console.sh.
# shellcheck disable=SC2016 # apt's own formats

kernels_files=$(dirname "${BASH_SOURCE[0]}")/../kernels.d
kernels_cache=${XDG_CACHE_HOME:-$HOME/.cache}/towpath/kernels

# What the lab's tests call, what kube-proxy calls in mode ipvs, what runc is linked with, and what conformance puts into its image of agnhost.
root_packages=busybox-static,conntrack,curl,iproute2,ipset,iptables,iputils-ping,ipvsadm,kmod,nftables,openssl,procps,tcpdump,util-linux
root_packages+=,bind9-dnsutils,iperf,libseccomp2,netcat-openbsd,wget
root_suite=bookworm

# Where the kernels are from; a suite that the mirror has no more is left out.
kernel_suites=(bullseye bookworm trixie trixie-backports sid)
modules_of_boot=(virtio_pci virtio_blk squashfs overlay)

# A virtual machine has an hour for its job, some gigabytes, and two processors. A /dev/kvm may be there and hang, so nobody guesses.
machine_seconds=3600 machine_boots=3 machine_megabytes=2560 machine_processors=2 machine_accelerator=tcg,thread=multi machine_slowness=5
# What it does: tests or smoke (kernels.d/run).
machine_job=tests

# A Kubernetes takes longer, and more memory; emulated, it is ten times slower than others.
give_machines_smoke() {
  machine_job=smoke machine_seconds=7200 machine_megabytes=4096
  ((machine_slowness == 1)) || machine_slowness=10
}

# The mirror from which this machine's own packages are. debian_mirror=... in the environment names another one.
find_mirror() {
  : "${debian_mirror:=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' 2>/dev/null | sort -u | sed -n 1p)}"
  [[ -n $debian_mirror ]] || die "apt on this machine is configured with no mirror of Debian" \
    "Name one: sudo debian_mirror=https://MIRROR/debian $0"
}

# apt with lists of its own, so that this machine installs nothing from other suites; proxies and keys are the machine's.
kernels_apt() { APT_CONFIG=$kernels_cache/apt/apt.conf "$@"; }

update_lists() {
  local apt=$kernels_cache/apt suite
  # Lists of an hour ago are new enough.
  [[ -z $(find "$apt/updated" -mmin -60 2>/dev/null) ]] || return 0
  mkdir -p "$apt"/{state/lists/partial,cache/archives/partial}
  touch "$apt/state/status"
  for suite in "${kernel_suites[@]}"; do
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $debian_mirror $suite main"
  done >"$apt/sources.list"
  cat >"$apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "$apt/state";
Dir::State::status "$apt/state/status";
Dir::Cache "$apt/cache";
Acquire::Languages "none";
APT::Sandbox::User "root";
CONF
  # It fails if one suite is gone; then the others are there.
  kernels_apt apt-get -q update || true
  touch "$apt/updated"
}

# The newest package of a version, or the newest of all: its name behind linux-image-.
pick_kernel() {
  local version=$1 pattern
  pattern="^linux-image-${version//./\\.}[.+-].*-cloud-amd64\$"
  [[ $version != newest ]] || pattern='^linux-image-[0-9.]*[.+-].*-cloud-amd64$'
  kernels_apt apt-cache search --names-only "$pattern" | sed -n 's/^linux-image-\([^ ]*\) .*/\1/p' | grep -v -e -rc -e '~' | sort -V | tail -n 1
}

# make_root LOG: root.squashfs, once.
make_root() {
  local image=$kernels_cache/root.squashfs key
  key="$root_suite $root_packages"
  [[ -f $image && $(cat "$image.key" 2>/dev/null) == "$key" ]] && return
  with_progress "the machines' root file system" "$1" build_root "$image" ||
    die "the root file system could not be made" "$(tail -n 5 "$1")" "The whole log: $1"
  echo "$key" >"$image.key"
}

build_root() {
  local folder=$kernels_cache/root.new
  rm -rf "$folder"
  mmdebstrap --mode=root --variant=minbase --include="$root_packages" --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    "$root_suite" "$folder" "$debian_mirror" || return
  mkdir -p "$folder"/{towpath,jdk,lib/modules}
  mksquashfs "$folder" "$1" -comp lz4 -noappend -quiet -no-progress || return
  rm -rf "$folder"
}

# make_kernel VERSION LOG: its folder in the cache, with kernel, modules and initrd; anew if the mirror has a newer one.
make_kernel() {
  local version=$1 log=$2
  with_progress "kernel $version" "$log" fetch_kernel "$version" ||
    die "kernel $version could not be made ready" "$(tail -n 5 "$log")" "The whole log: $log"
}

fetch_kernel() {
  local version=$1 folder=$kernels_cache/$1 package part
  update_lists
  package=$(pick_kernel "$version")
  if [[ -z $package ]]; then
    echo "The mirror $debian_mirror has no kernel $version for amd64."
    return 1
  fi
  [[ $(cat "$folder/package" 2>/dev/null) == "$package" ]] && return
  rm -rf "$folder"
  mkdir -p "$folder/debs" "$folder/files"
  # From 6.19 on Debian has the files of a kernel in packages of their own.
  local names=("linux-image-$package")
  for part in binary modules; do
    if kernels_apt apt-cache show "linux-$part-$package" >/dev/null 2>&1; then names+=("linux-$part-$package"); fi
  done
  (cd "$folder/debs" && kernels_apt apt-get -q download "${names[@]}") || return
  for part in "$folder"/debs/*.deb; do dpkg-deb --extract "$part" "$folder/files" || return; done
  prepare_kernel "$folder" || return
  rm -rf "$folder/debs" "$folder/files"
  echo "$package" >"$folder/package"
}

# The release of a kernel that is ready, as uname -r has it.
kernel_release() { cat "$kernels_cache/$1/release"; }

prepare_kernel() {
  local folder=$1 files=$1/files initrd=$1/initrd.files release module file
  [[ -d $files/lib/modules ]] || { mkdir -p "$files/lib" && mv "$files/usr/lib/modules" "$files/lib/modules" || return; }
  release=$(basename "$files"/lib/modules/*)
  cp "$(find "$files" -name 'vmlinuz*' -type f | head -n 1)" "$folder/vmlinuz" || return
  depmod -b "$files" "$release" || return
  mksquashfs "$files/lib/modules" "$folder/modules.squashfs" -comp lz4 -noappend -quiet -no-progress || return
  rm -rf "$initrd"
  mkdir -p "$initrd"/{bin,dev,proc,sys,root,modules}
  cp /bin/busybox "$initrd/bin/busybox" && cp "$kernels_files/init" "$initrd/init" || return
  for module in "${modules_of_boot[@]}"; do
    modprobe -d "$files" -S "$release" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
  done | awk '!seen[$0]++' | while IFS= read -r file; do
    module=$(basename "$file")
    case $file in
      *.xz) xz -dc "$file" >"$initrd/modules/${module%.xz}" ;;
      *) cp "$file" "$initrd/modules/" ;;
    esac
    echo "${module%.xz}"
  done >"$initrd/modules.list" || return
  (cd "$initrd" && find . | cpio -o -H newc --quiet | gzip -1 >"$folder/initrd") || return
  rm -rf "$initrd"
  echo "$release" >"$folder/release"
}

# make_disks ROOT FOLDER CLASS...: disks with the JDK, and with the executables and the tests: the lab's, and those of network-policy.
make_disks() {
  local project=$1 folder=$2 files=$2/files module jar
  shift 2
  mkdir -p "$files"/{lib,cni-plugin/target,node-agent/target,src/test/target}
  cp "$project/cni-plugin/target/towpath" "$files/cni-plugin/target/"
  cp "$project/node-agent/target/towpath-node" "$files/node-agent/target/"
  cp -r "$project/conf" "$project/Dockerfile" "$files/"
  cp -r "$project/src/test/target/test-classes" "$files/src/test/target/"
  cp "$project"/network-policy/target/network-policy-*.jar "$files/lib/"
  for module in src/test network-policy; do
    tr ':' '\n' <"$project/$module/target/test.classpath" | while IFS= read -r jar || [[ -n $jar ]]; do cp "$jar" "$files/lib/"; done
  done
  cp "$kernels_files/run" "$files/run"
  printf '%s\n' "$@" >"$files/tests"
  mksquashfs "$files" "$folder/towpath.squashfs" -comp lz4 -noappend -quiet -no-progress >/dev/null
  mksquashfs "$JAVA_HOME" "$folder/jdk.squashfs" -comp lz4 -noappend -quiet -no-progress -e jmods src.zip man >/dev/null
  rm -rf "$files"
}

# make_peers_disk FOLDER PEERS...: a disk with the real programs of a cluster, from the folders where they are built; without upstream's suites.
make_peers_disk() {
  local folder=$1 files=$1/peers
  mkdir -p "$files"
  find "${@:2}" -type f ! -name '*.test' ! -name ginkgo -exec cp -t "$files" {} +
  mksquashfs "$files" "$folder/peers.squashfs" -comp lz4 -noappend -quiet -no-progress >/dev/null
  rm -rf "$files"
}

# make_writable_disk FILE: as much as a cluster's images and containers need, taken as they come.
make_writable_disk() {
  rm -f "$1"
  truncate -s 8G "$1"
  mkfs.ext4 -q -E lazy_itable_init=1 "$1"
}

disk() { printf '%s\n' -drive "file=$1,if=virtio,format=raw,readonly=on"; }

# boot VERSION DISKS LOG: run_machine, again if the kernel panics: an emulated processor may stumble over code that another one is changing, and does
# so the sooner the less of this machine it gets. From the second boot on they take turns, which is slower. What a machine said that panicked is in
# LOG.console.1, and so on.
boot() {
  local log=$3 boots code machine_accelerator=$machine_accelerator
  rm -f "$log".console*
  for ((boots = 1; ; boots++)); do
    code=0
    run_machine "$@" || code=$?
    grep -q 'Kernel panic' "$log.console" || return "$code"
    ((boots < machine_boots)) || return 1
    mv "$log.console" "$log.console.$boots"
    machine_accelerator=${machine_accelerator/thread=multi/thread=single}
  done
}

# run_machine VERSION DISKS LOG: a machine that does its job and ends; its console is in LOG.console, the job's output in LOG.tests.
run_machine() {
  local folder=$kernels_cache/$1 disks=$2 log=$3 drives
  mapfile -t drives < <(
    disk "$kernels_cache/root.squashfs"
    disk "$folder/modules.squashfs"
    disk "$disks/towpath.squashfs"
    disk "$disks/jdk.squashfs"
  )
  if [[ $machine_job == smoke ]]; then
    make_writable_disk "$disks/writable"
    mapfile -t -O "${#drives[@]}" drives < <(
      disk "$disks/peers.squashfs"
      printf '%s\n' -drive "file=$disks/writable,if=virtio,format=raw,cache=unsafe"
    )
  fi
  # A machine that gets no processor while it boots takes its timer for broken, if it checks it.
  local words="console=ttyS0 loglevel=4 panic=-1 mitigations=off no_timer_check job=$machine_job slowness=$machine_slowness"
  timeout --foreground "$machine_seconds" qemu-system-x86_64 -accel "$machine_accelerator" -cpu max -smp "$machine_processors" \
    -m "$machine_megabytes" -display none -no-reboot -nodefaults -nic none -device virtio-rng-pci \
    -kernel "$folder/vmlinuz" -initrd "$folder/initrd" -append "$words" \
    "${drives[@]}" -serial "file:$log.console" -serial "file:$log.tests"
}

# keep_logs DISKS LOG: lays what a cluster's programs have said on the writable disk into LOG.logs.
keep_logs() {
  rm -rf "$2.logs"
  mkdir -p "$2.logs"
  e2fsck -fy "$1/writable" >/dev/null 2>&1 || true # a machine that was ended has left its journal
  debugfs -R "rdump /logs $2.logs" "$1/writable" >/dev/null 2>&1 || true
}

# show_tests LOG: what failed, or where a machine stood when it ended.
show_tests() {
  if grep -q '^ *FAILED' "$1.tests"; then
    sed -n '/^ *FAILED/,/^$/p' "$1.tests" | tr -d '\r' | cut -c 1-300 | sed -n '1,80s/^/      /p'
  else
    tail -n 15 "$1.tests" "$1.console" | tr -d '\r' | cut -c 1-300 | sed 's/^/      /'
  fi
}
