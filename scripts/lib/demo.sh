# shellcheck shell=bash
# The acts of scripts/quickstart. Every check is real: the first that fails ends the script and says which.
# Needs console.sh, packages.sh and nodes.sh; $work, a folder, and $towpath, the executable.
# shellcheck disable=SC2154

# A pod is NODE-NAME, and so is its network namespace.
pods=(a-web a-job b-web b-job)
declare -A pod_address=()

# Debian's busybox packages exclude each other: take what is there if it can serve.
busybox_package() {
  busybox --list 2>/dev/null | grep -qx httpd || echo busybox-static
}

demo_nodes() {
  local node
  for node in a b; do
    node_up "$node"
    mkdir -p "$work/$node"
    cluster_file "$node" >"$work/$node/cluster.json"
    towpath_conf "$1" "$work/$node" >"$work/$node/conf.json"
  done
  # Said inside of a: kernels up to 6.12 look for the name where ip runs, and the machine may have an eth0.
  ip -n a link add eth0 type veth peer name eth0 netns b
  for node in a b; do
    node_underlay "$node"
    note "node $node   ${node_address[$node]} on eth0   pods from ${node_slice[$node]}"
  done
  check "node a reaches node b" ping_from a "${node_address[b]}"
}

# check WHAT COMMAND...: the command's last line of output is the result shown.
check() {
  local what=$1 output
  shift
  if ! output=$("$@" 2>&1); then
    die "failed: $what" "$*" "$output"
  fi
  tick "$what" "${output##*$'\n'}"
}

show_command() {
  faint "a# $1"
  shift
  "$@" | sed 's/^/  /; s/ *$//'
}

# cni VERB POD [PREV_RESULT]: calls the executable as a runtime on the pod's node does.
cni() {
  local verb=$1 pod=$2 node=${2%%-*}
  jq -c --argjson prev "${3:-null}" 'if $prev then . + {prevResult: $prev} else . end' "$work/$node/conf.json" |
    within "$node" env -i PATH="$PATH" CNI_COMMAND="$verb" CNI_CONTAINERID="$(sha256sum <<<"$pod" | cut -d ' ' -f 1)" \
      CNI_NETNS="/run/netns/$pod" CNI_IFNAME=eth0 CNI_PATH="$(dirname "$towpath")" \
      CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAMESPACE=demo;K8S_POD_NAME=$pod" "$towpath"
}

pod_add() {
  ip netns add "$1"
  ip -n "$1" link set lo up
  cni ADD "$1" >"$work/$1.json" || die "ADD of pod $1 failed" "$(cat "$work/$1.json")"
  pod_address[$1]=$(jq -r '.ips[0].address | sub("/.*"; "")' "$work/$1.json")
}

pod_table() {
  local pod
  printf '  %s%-12s %-6s %-14s %-18s %s%s\n' "$dim" POD NODE ADDRESS 'LINK ON THE NODE' 'MAC IN THE POD' "$plain"
  for pod in "${pods[@]}"; do
    printf '  %-12s %-6s %-14s %-18s %s\n' "demo/$pod" "${pod%%-*}" "${pod_address[$pod]}" \
      "$(jq -r '[.interfaces[] | select((.sandbox // "") == "")][-1].name' "$work/$pod.json")" \
      "$(jq -r '[.interfaces[] | select((.sandbox // "") != "")][0].mac' "$work/$pod.json")"
  done
}

# ping_from NAMESPACE ADDRESS [OPTION...]: prints the mean round trip.
ping_from() {
  local from=$1 to=$2 output
  shift 2
  output=$(within "$from" ping -n -c 3 -i 0.2 -W 3 "$@" "$to") || { echo "$output" && return 1; }
  sed -n 's|^rtt [^=]*= [^/]*/\([^/]*\)/.*|\1 ms|p' <<<"$output"
}

# Fails when the ping succeeds: the packet must be refused, not cut into pieces.
refused_from() {
  ! within "$1" ping -n -c 1 -W 1 -M 'do' -s "$3" "$2" >/dev/null 2>&1 && echo "refused, as it must be"
}

http_get() {
  local text
  text=$(within "$1" curl -sS --noproxy '*' --max-time 3 "http://$2/") && [[ $text == "$3" ]] && echo "\"$text\""
}

# The server needs a moment to listen.
http_get_soon() {
  wait_until http_get "$@" 2>"$work/curl.log" || { cat "$work/curl.log" && return 1; }
}

serve_http() {
  mkdir -p "$work/www"
  printf 'Hello from %s' "$1" >"$work/www/index.html"
  background "$1" busybox httpd -f -p 80 -h "$work/www"
}

demo_checks() {
  local mtu
  mtu=$(ip -n a-web -j link show eth0 | jq '.[0].mtu')
  check "pod a-web -> pod a-job, on its own node" ping_from a-web "${pod_address[a-job]}"
  check "pod a-web -> pod b-web, on the other node" ping_from a-web "${pod_address[b-web]}"
  check "pod b-job -> pod a-job, on the other node" ping_from b-job "${pod_address[a-job]}"
  check "pod a-web -> its own node" ping_from a-web "${node_address[a]}"
  check "node a -> its own pod" ping_from a "${pod_address[a-web]}"
  check "pod a-web -> the other node" ping_from a-web "${node_address[b]}"
  check "node b -> pod a-web" ping_from b "${pod_address[a-web]}"
  check "pod a-web -> pod b-web, $mtu bytes in one piece" ping_from a-web "${pod_address[b-web]}" -M 'do' -s "$((mtu - 28))"
  check "pod a-web -> pod b-web, $((mtu + 1)) bytes" refused_from a-web "${pod_address[b-web]}" "$((mtu - 27))"
  serve_http b-web
  check "pod a-job -> pod b-web, HTTP" http_get_soon a-job "${pod_address[b-web]}" "Hello from b-web"
}

# One packet of a ping between pods, as it passes node a's eth0. -Z root: a tcpdump that changes its user would outlive us.
demo_capture() {
  background a tcpdump -Z root -nn -l -c 1 -T vxlan -i eth0 "udp dst port 8472 and dst host ${node_address[b]}" \
    >"$work/capture" 2>"$work/capture.log"
  local dump=$!
  wait_until grep -q 'listening on' "$work/capture.log" || die "tcpdump does not listen" "$(cat "$work/capture.log")"
  ping_from a-web "${pod_address[b-web]}" >/dev/null
  wait_until ended "$dump" || die "no VXLAN packet left node a"
  sed 's/^/  /' "$work/capture"
  check "UDP 8472, VXLAN network 1, a ping inside" capture_is_vxlan
}

ended() { ! kill -0 "$1" 2>/dev/null; }

# wait_until COMMAND...: asks ten times a second, for ten seconds.
wait_until() {
  local tries
  for ((tries = 0; tries < 100; tries++)); do
    ! "$@" || return 0
    sleep 0.1
  done
  return 1
}

capture_is_vxlan() {
  grep -q '\.8472: VXLAN.* vni 1$' "$work/capture" &&
    grep -q "IP ${pod_address[a-web]} > ${pod_address[b-web]}: ICMP echo request" "$work/capture"
}

pod_del() {
  cni DEL "$1" "$(cat "$work/$1.json")" >"$work/$1.del" || die "DEL of pod $1 failed" "$(cat "$work/$1.del")"
}

demo_nothing_left() {
  check "no lease left on either node" leases_are 0
  check "no link of a pod left on either node" no_links
}

# leases_are NUMBER: on both nodes. What is left of a network's folder is the lock and where the next search begins.
leases_are() {
  local found
  found=$(find "$work"/{a,b}/leases -type f -name '10.244.*')
  [[ $(grep -c . <<<"$found") == "$1" ]] || { echo "$found" && return 1; }
}

no_links() {
  local node
  for node in a b; do
    ! ip -n "$node" -o link show | grep ' cali' || return 1
  done
}
