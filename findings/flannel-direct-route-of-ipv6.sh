#!/usr/bin/env bash
# github.com/flannel-io/flannel 0.28.10: with DirectRouting, a node that goes from this node's subnet to another is lost over IPv6, and stays so when
# flanneld is restarted.
#
# flanneld changes the direct route to the node's podCIDR for the tunnel's, "via fd00:10:244:3:: dev flannel-v6.1 onlink", by one request with
# NLM_F_REPLACE (RouteReplace in pkg/backend/vxlan/vxlan_network.go). The kernel refuses that with "invalid argument", as it takes no onlink gateway of
# IPv6 that a route leads to by another interface, and that is the route to be replaced. After ten attempts, in some 50 s for which all other
# nodes wait, flanneld takes back the neighbour and the forwarding entry, and the direct route stays. IPv4 has no such rule. It helps to delete the
# route by hand and then to restart flanneld.
#
# Seen on Linux 6.18, with Go 1.26.8 on Debian 12, 2026-11-30; the ways to the node's slices of IPv4 and IPv6:
#
#   in the subnet                via 192.0.2.3 dev eth0          via 2001:db8:50::3 dev eth0
#   in another                   via 10.244.3.0 dev flannel.1    via 2001:db8:50::3 dev eth0
#   flanneld is restarted        via 10.244.3.0 dev flannel.1    via 2001:db8:50::3 dev eth0
#   and its old route deleted    via 10.244.3.0 dev flannel.1    via fd00:10:244:3:: dev flannel-v6.1
#
# It is flannel's backend itself, told of nodes as by its subnet manager, in a network namespace of its own.
#
# Needs root, iproute2, a kernel with VXLAN and Go from version 1.26 on; takes two minutes. Fails if flannel behaves otherwise.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >go.mod <<'MOD'
module finding

go 1.26.0

require github.com/flannel-io/flannel v0.28.10
MOD
cat >main.go <<'GO'
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/flannel-io/flannel/pkg/backend"
	"github.com/flannel-io/flannel/pkg/backend/vxlan"
	"github.com/flannel-io/flannel/pkg/ip"
	"github.com/flannel-io/flannel/pkg/lease"
	"github.com/flannel-io/flannel/pkg/subnet"
)

// manager stands for the API: it has a slice for this node, and tells of others.
type manager struct {
	subnet.Manager
	others chan lease.Lease
}

func (m manager) AcquireLease(ctx context.Context, attrs *lease.LeaseAttrs) (*lease.Lease, error) {
	own := of(1, "", "")
	own.Attrs = *attrs
	return &own, nil
}

func (m manager) GetStoredMacAddresses(ctx context.Context) (string, string) { return "", "" }

func (m manager) WatchLeases(ctx context.Context, receiver chan []lease.LeaseWatchResult) error {
	for {
		select {
		case <-ctx.Done():
			close(receiver)
			return ctx.Err()
		case other := <-m.others:
			receiver <- []lease.LeaseWatchResult{{Events: []lease.Event{{Type: lease.EventAdded, Lease: other}}}}
		}
	}
}

// of is the lease of a node with this number and addresses.
func of(number int, address, addressV6 string) lease.Lease {
	_, slice, _ := net.ParseCIDR(fmt.Sprintf("10.244.%d.0/24", number))
	_, sliceV6, _ := net.ParseCIDR(fmt.Sprintf("fd00:10:244:%d::/64", number))
	data := json.RawMessage(fmt.Sprintf(`{"VNI":1,"VtepMAC":"02:00:00:00:00:%02x"}`, number))
	found := lease.Lease{EnableIPv4: true, EnableIPv6: true, Subnet: ip.FromIPNet(slice), IPv6Subnet: ip.FromIP6Net(sliceV6)}
	if address != "" {
		found.Attrs = lease.LeaseAttrs{BackendType: "vxlan", BackendData: data, BackendV6Data: data,
			PublicIP: ip.FromIP(net.ParseIP(address)), PublicIPv6: ip.FromIP6(net.ParseIP(addressV6))}
	}
	return found
}

func run(words ...string) string {
	out, err := exec.Command(words[0], words[1:]...).CombinedOutput()
	if err != nil {
		panic(fmt.Sprint(words, err, string(out)))
	}
	return strings.TrimSpace(string(out))
}

// flanneld is its backend from a start on; returns a function that ends it.
func flanneld(others chan lease.Lease) func() {
	link, err := net.InterfaceByName("eth0")
	if err != nil {
		panic(err)
	}
	m := manager{others: others}
	be, err := vxlan.New(m, &backend.ExternalInterface{Iface: link, IfaceName: "eth0",
		ExtAddr: net.ParseIP("192.0.2.1"), ExtV6Addr: net.ParseIP("2001:db8:50::1")})
	if err != nil {
		panic(err)
	}
	_, network, _ := net.ParseCIDR("10.244.0.0/16")
	_, networkV6, _ := net.ParseCIDR("fd00:10:244::/56")
	ctx, end := context.WithCancel(context.Background())
	var all sync.WaitGroup
	found, err := be.RegisterNetwork(ctx, &all, &subnet.Config{EnableIPv4: true, EnableIPv6: true, Network: ip.FromIPNet(network),
		IPv6Network: ip.FromIP6Net(networkV6), Backend: json.RawMessage(`{"Type": "vxlan", "DirectRouting": true}`)})
	if err != nil {
		panic(err)
	}
	all.Go(func() { found.Run(ctx) })
	return func() { end(); all.Wait() }
}

func main() {
	others := make(chan lease.Lease)
	marks := 100
	// tell tells of node 3, then of another node; when there is the route to that one, all is done about node 3.
	tell := func(what, address, addressV6 string) {
		others <- of(3, address, addressV6)
		marks++
		others <- of(marks, "192.0.2.9", "2001:db8:50::9")
		for run("ip", "-6", "route", "show", fmt.Sprintf("fd00:10:244:%d::/64", marks)) == "" {
			time.Sleep(100 * time.Millisecond)
		}
		way := func(option, slice string) string {
			words := strings.Fields(run("ip", option, "route", "show", slice))
			return strings.Join(words[1:5], " ")
		}
		fmt.Printf("%-28s %-31s %s\n", what, way("-4", "10.244.3.0/24"), way("-6", "fd00:10:244:3::/64"))
	}
	end := flanneld(others)
	tell("in the subnet", "192.0.2.3", "2001:db8:50::3")
	tell("in another", "198.51.100.3", "2001:db8:51::3")
	end()
	end = flanneld(others)
	tell("flanneld is restarted", "198.51.100.3", "2001:db8:51::3")
	end()
	run("ip", "-6", "route", "delete", "fd00:10:244:3::/64")
	end = flanneld(others)
	tell("and its old route deleted", "198.51.100.3", "2001:db8:51::3")
	end()
}
GO
go build -mod=mod -o finding .
cat >inside <<'SH'
set -eu
ip link set lo up
ip link add eth0 type veth peer name far
ip address add 192.0.2.1/24 dev eth0
ip address add 2001:db8:50::1/64 dev eth0 nodad
ip link set far up
ip link set eth0 up
ip route add default via 192.0.2.254
ip route add default via 2001:db8:50::fe
exec ./finding
SH
seen=$(unshare -n bash inside 2>log) || {
  tail log >&2
  exit 1
}
echo "$seen"
wanted="in the subnet                via 192.0.2.3 dev eth0          via 2001:db8:50::3 dev eth0
in another                   via 10.244.3.0 dev flannel.1    via 2001:db8:50::3 dev eth0
flanneld is restarted        via 10.244.3.0 dev flannel.1    via 2001:db8:50::3 dev eth0
and its old route deleted    via 10.244.3.0 dev flannel.1    via fd00:10:244:3:: dev flannel-v6.1"
[[ $seen == "$wanted" ]] || {
  echo "flannel behaves otherwise now" >&2
  exit 1
}
