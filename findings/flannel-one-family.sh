#!/usr/bin/env bash
# github.com/flannel-io/flannel 0.28.10: with both families in net-conf.json, flanneld takes no note of a node of which one family alone is new.
#
# handleUpdateLeaseEvent (pkg/subnet/kube/kube.go) asks of IPv4 and then of IPv6 whether the annotations are as they were, and calls the node
# unchanged if they are so in either. So another VTEP's MAC address or another public address of one family is not followed, and a node that got its IPv6
# after its IPv4 is not known at all; the resync of every five minutes compares the node with itself. A restart of flanneld helps, and that something of
# the other family's annotations is written otherwise, be it a space.
#
# Seen with Go 1.26.8 on Debian 12, 2026-11-30:
#
#   another address of IPv4                  taken note of: no
#   another MAC address of IPv4              taken note of: no
#   another address of IPv6                  taken note of: no
#   other addresses of both                  taken note of: yes
#   IPv6 of a node that had IPv4 alone       taken note of: no
#   the same, and a space in its IPv4's data taken note of: yes
#
# No time is waited for: after each change comes one of another node in both families, and the news of that is the end.
#
# Needs Go from version 1.26 on. Fails if flannel behaves otherwise.
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
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"

	"github.com/flannel-io/flannel/pkg/lease"
	"github.com/flannel-io/flannel/pkg/subnet/kube"
)

const prefix = "flannel.alpha.coreos.com"

type annotations map[string]string

// node is as the API has it: of both families, with flannel's annotations and these.
func node(name string, number int, version int, some annotations) map[string]any {
	all := annotations{prefix + "/kube-subnet-manager": "true", prefix + "/backend-type": "vxlan"}
	for key, value := range some {
		all[prefix+"/"+key] = value
	}
	cidr := fmt.Sprintf("10.244.%d.0/24", number)
	return map[string]any{
		"kind": "Node", "apiVersion": "v1",
		"metadata": map[string]any{"name": name, "uid": name, "resourceVersion": strconv.Itoa(version), "annotations": all},
		"spec":     map[string]any{"podCIDR": cidr, "podCIDRs": []string{cidr, fmt.Sprintf("fd00:10:244:%d::/64", number)}},
	}
}

func data(mac string) string { return `{"VNI":1,"VtepMAC":"` + mac + `"}` }

func main() {
	changes := make(chan map[string]any)
	peer := annotations{
		"backend-data": data("02:00:00:00:04:01"), "public-ip": "192.0.2.1",
		"backend-v6-data": data("02:00:00:00:06:01"), "public-ipv6": "2001:db8::1",
	}
	marks := 0
	mark := func(version int) map[string]any {
		marks++
		mac := fmt.Sprintf("02:00:00:00:00:%02x", marks)
		return node("mark", 2, version, annotations{
			"backend-data": data(mac), "public-ip": fmt.Sprintf("192.0.2.%d", 100+marks),
			"backend-v6-data": data(mac), "public-ipv6": fmt.Sprintf("2001:db8::%d", 100+marks),
		})
	}
	late := annotations{"backend-data": data("02:00:00:00:04:03"), "public-ip": "192.0.2.3"}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, request *http.Request) {
		out.Header().Set("Content-Type", "application/json")
		if request.URL.Query().Get("sendInitialEvents") != "" {
			out.WriteHeader(http.StatusBadRequest)
			return
		}
		if request.URL.Query().Get("watch") == "" {
			json.NewEncoder(out).Encode(map[string]any{"kind": "NodeList", "apiVersion": "v1",
				"metadata": map[string]any{"resourceVersion": "1"},
				"items":    []any{node("peer", 1, 1, peer), mark(1), node("late", 3, 1, late)}})
			return
		}
		out.(http.Flusher).Flush()
		for change := range changes {
			json.NewEncoder(out).Encode(map[string]any{"type": "MODIFIED", "object": change})
			out.(http.Flusher).Flush()
		}
	}))
	os.Setenv("NODE_NAME", "self")
	conf := `{"Network": "10.244.0.0/16", "EnableIPv6": true, "IPv6Network": "fd00:10:244::/56", "Backend": {"Type": "vxlan"}}`
	if err := os.WriteFile("net-conf.json", []byte(conf), 0o644); err != nil {
		panic(err)
	}
	ctx := context.Background()
	manager, err := kube.NewSubnetManager(ctx, server.URL, "", prefix, "net-conf.json", false)
	if err != nil {
		panic(err)
	}
	told := make(chan []lease.LeaseWatchResult)
	go manager.WatchLeases(ctx, told)

	// until waits for news of the mark, which comes after all that was told before; says whether there was news of another node.
	until := func(number string) string {
		others := "no"
		for results := range told {
			for _, event := range results[0].Events {
				if event.Lease.Subnet.String() == "10.244.2.0/24" {
					return others
				}
				if event.Lease.Subnet.String() == number {
					others = "yes"
				}
			}
		}
		return others
	}
	// The list's, in whatever order.
	first := map[string]bool{}
	for len(first) < 2 {
		for _, event := range (<-told)[0].Events {
			first[event.Lease.Subnet.String()] = true
		}
	}
	version := 1
	change := func(what string, name string, number int, some annotations) {
		version++
		changes <- node(name, number, version, some)
		version++
		changes <- mark(version)
		fmt.Printf("%-40s taken note of: %s\n", what, until(fmt.Sprintf("10.244.%d.0/24", number)))
	}
	set := func(what string, values annotations) {
		for key, value := range values {
			peer[key] = value
		}
		change(what, "peer", 1, peer)
	}
	set("another address of IPv4", annotations{"public-ip": "192.0.2.11"})
	set("another MAC address of IPv4", annotations{"backend-data": data("02:00:00:00:04:11")})
	set("another address of IPv6", annotations{"public-ipv6": "2001:db8::11"})
	set("other addresses of both", annotations{"public-ip": "192.0.2.12", "public-ipv6": "2001:db8::12"})
	late["backend-v6-data"] = data("02:00:00:00:06:03")
	late["public-ipv6"] = "2001:db8::3"
	change("IPv6 of a node that had IPv4 alone", "late", 3, late)
	late["backend-data"] = " " + late["backend-data"]
	late["public-ipv6"] = "2001:db8::33"
	change("the same, and a space in its IPv4's data", "late", 3, late)
}
GO
go build -mod=mod -o finding .
seen=$(./finding 2>log) || {
  tail log >&2
  exit 1
}
echo "$seen"
wanted="another address of IPv4                  taken note of: no
another MAC address of IPv4              taken note of: no
another address of IPv6                  taken note of: no
other addresses of both                  taken note of: yes
IPv6 of a node that had IPv4 alone       taken note of: no
the same, and a space in its IPv4's data taken note of: yes"
[[ $seen == "$wanted" ]] || {
  echo "flannel behaves otherwise now" >&2
  exit 1
}
