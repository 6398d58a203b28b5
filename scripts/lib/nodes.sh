# shellcheck shell=bash
# Nodes as network namespaces, and what towpath is given on each. Needs console.sh.
# Callers run in a mount namespace of their own (own_mounts), so whatever happens to them, the kernel forgets the nodes.

cluster_network=10.244.0.0/16
declare -rA node_address=([a]=192.168.50.1 [b]=192.168.50.2) node_slice=([a]=10.244.1.0/24 [b]=10.244.2.0/24)

# own_mounts WORK SCRIPT [ARG...]: runs the script again, as a child whose mounts nobody else sees and which finds its
# folder in TOWPATH_WORK. Tidying up is the caller's, for a shell that is interrupted may not get to the end of its trap.
own_mounts() {
  TOWPATH_WORK=$1 unshare --mount --propagation private "${@:2}"
}

# A /run/netns of our own: names in it cannot clash with the machine's, and vanish with this process.
own_namespaces() {
  mkdir -p /run/netns
  mount -t tmpfs -o mode=755 towpath /run/netns
}

# background NAMESPACE COMMAND...: a command that dies with this script, however that ends.
background() {
  nsenter --net="/run/netns/$1" setpriv --pdeathsig KILL "${@:2}" &
}

# within NAMESPACE COMMAND...: only the network changes (ip netns exec would remount /sys as well).
within() {
  local namespace=$1
  shift
  nsenter --net="/run/netns/$namespace" "$@"
}

# node_up NODE: a namespace that forwards, as a node does.
node_up() {
  ip netns add "$1"
  ip -n "$1" link set lo up
  within "$1" sysctl -q -w net.ipv4.ip_forward=1
}

# node_underlay NODE: its eth0 gets the node's address.
node_underlay() {
  ip -n "$1" address add "${node_address[$1]}/24" dev eth0
  ip -n "$1" link set eth0 up
}

# cluster_file NODE: the cluster as that node sees it.
cluster_file() {
  local name
  for name in a b; do
    jq -n --arg name "$name" --arg slice "${node_slice[$name]}" --arg address "${node_address[$name]}" \
      '{name: $name, slices: [$slice], addresses: [$address]}'
  done | jq -s --arg network "$cluster_network" --arg node "$1" '{network: [$network], node: $node, nodes: .}'
}

# towpath_conf CONFLIST FOLDER: what a runtime hands the plugin from the conflist, with all its state below FOLDER.
towpath_conf() {
  jq --arg folder "$2" '.cniVersion as $version | .name as $name | .plugins[0]
    + {cniVersion: $version, name: $name, clusterFile: ($folder + "/cluster.json"),
       stateDir: ($folder + "/run"), subnetEnv: ($folder + "/subnet.env")}
    | .ipam.dataDir = $folder + "/leases"' "$1"
}
