# shellcheck shell=bash
# The peers of scripts/bench: a node for each, its configuration, and the driver's plan.
# Needs console.sh and nodes.sh, and $here, the folder of the scripts.
# shellcheck disable=SC2154

cni_path=/usr/lib/cni

# bench_node NAME: every peer has a node of its own, alike in everything, so that none sees another's links or routes.
bench_node() {
  node_up "$1"
  ip -n "$1" link add eth0 type veth peer name wire
  ip -n "$1" address add "${node_address[a]}/24" dev eth0
  ip -n "$1" link set wire up
  ip -n "$1" link set eth0 up
}

# reference_conf TYPE FOLDER EXTRA: what the flannel plugin would delegate to the reference plugin.
reference_conf() {
  jq -n --arg type "$1" --arg data "$2/leases" --arg slice "${node_slice[a]}" --arg network "$cluster_network" --argjson extra "$3" '
    {cniVersion: "1.0.0", name: "bench", type: $type, mtu: 1450, ipMasq: false,
     ipam: {type: "host-local", dataDir: $data, ranges: [[{subnet: $slice}]], routes: [{dst: $network}]}}
    + $extra'
}

# peer NAME VERBS EXECUTABLE [FILE]: a line of the plan; the configuration comes on stdin and is kept in FILE.
peer() {
  local conf=$work/$1/${4:-conf.json}
  [[ -e /run/netns/$1 ]] || bench_node "$1"
  cat >"$conf"
  printf '%s\t%s\t/run/netns/%s\t%s\t%s\n' "$1" "$2" "$1" "$3" "$conf"
}

# make_peers WORK CONFLIST TOWPATH: prints the driver's plan.
make_peers() {
  local work=$1 conflist=$2 towpath=$3 name
  for name in towpath ptp+host-local bridge+host-local floor floor+lease true; do
    mkdir -p "$work/$name/leases"
  done
  cluster_file a >"$work/towpath/cluster.json"
  towpath_conf "$conflist" "$work/towpath" | peer towpath "ADD DEL VERSION" "$towpath"
  # STATUS came with version 1.1.0; of the peers, only towpath has it.
  jq '.cniVersion = "1.1.0"' "$work/towpath/conf.json" | peer towpath STATUS "$towpath" status.json
  reference_conf ptp "$work/ptp+host-local" '{}' | jq '.ipam.routes = [{dst: "0.0.0.0/0"}]' | peer ptp+host-local "ADD DEL VERSION" "$cni_path/ptp"
  reference_conf bridge "$work/bridge+host-local" '{"bridge": "cni0", "isDefaultGateway": true, "hairpinMode": true}' |
    peer bridge+host-local "ADD DEL VERSION" "$cni_path/bridge"
  gcc -O2 -Wall -static -o "$work/floor/floor" "$here"/bench.d/{floor,rtnetlink}.c
  echo '{}' | peer floor "ADD DEL" "$work/floor/floor"
  gcc -O2 -Wall -static -DLEASES="\"$work/floor+lease/leases\"" -o "$work/floor+lease/floor" "$here"/bench.d/{floor,rtnetlink}.c
  echo '{}' | peer floor+lease "ADD DEL" "$work/floor+lease/floor"
  echo '{}' | peer true EXEC "$(readlink -f /bin/true)"
}

# check_answers FOLDER: figures of something that did not do its work are worth nothing.
check_answers() {
  local file verb test
  for file in "$1"/*; do
    verb=${file##*.}
    case $verb in
      ADD) test='(.ips | length) > 0 and .cniVersion == "1.0.0"' ;;
      VERSION) test='(.supportedVersions | length) > 0' ;;
      *) continue ;;
    esac
    jq -e "$test" "$file" >/dev/null || die "not an answer to ${verb}: $(basename "$file")" "$(cat "$file")"
  done
}

# print_table: lines of the summary, tabs between columns; a line without any is text.
print_table() {
  awk -F '\t' '
    NF < 2 { print; next }
    verb != "" && verb != $1 { print "" }
    { verb = $1
      printf "%-8s %-17s %8s %7s %7s %7s %6s %10s %7s %7s %6s %8s\n", $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 }'
}
