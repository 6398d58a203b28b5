/* The floor: a program called like a CNI plugin that makes the netlink requests of towpath's ADD and DEL and does
   nothing else. No JSON is read, no address is looked for (the pod's number gives one), no lease is written, unless
   LEASES names a folder at compile time: then one lease file is published there, as safely as towpath publishes its own. */
#define _GNU_SOURCE
#ifndef LEASES
#define LEASES NULL
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rtnetlink.h"

static const uint8_t HOST_MAC[6] = {0xee, 0xee, 0xee, 0xee, 0xee, 0xee};
static const uint32_t MTU = 1450;

static uint32_t gateway(void) { return htonl(0xa9fe0101); } /* 169.254.1.1 */

static void set_up(struct rt *rt, int index) {
  struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
  rt_begin(rt, RTM_NEWLINK, 0, &link, sizeof link);
}

/* The host's end: whose it is, how it forwards, no IPv6 address of its own. */
static void host_settings(struct rt *rt, int index, const char *alias) {
  static const uint16_t switched_on[] = {IPV4_DEVCONF_FORWARDING, IPV4_DEVCONF_PROXY_ARP, IPV4_DEVCONF_RP_FILTER,
                                         IPV4_DEVCONF_ROUTE_LOCALNET};
  struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_index = index};
  uint32_t on = 1;
  uint8_t none = IN6_ADDR_GEN_MODE_NONE;
  rt_begin(rt, RTM_NEWLINK, 0, &link, sizeof link);
  rt_put(rt, IFLA_IFALIAS, alias, (uint32_t)strlen(alias));
  struct rtattr *families = rt_nest(rt, IFLA_AF_SPEC);
  struct rtattr *inet = rt_nest(rt, AF_INET);
  struct rtattr *conf = rt_nest(rt, IFLA_INET_CONF);
  for (size_t i = 0; i < sizeof switched_on / sizeof *switched_on; i++) rt_put(rt, switched_on[i], &on, sizeof on);
  rt_end(rt, conf);
  rt_end(rt, inet);
  struct rtattr *inet6 = rt_nest(rt, AF_INET6);
  rt_put(rt, IFLA_INET6_ADDR_GEN_MODE, &none, sizeof none);
  rt_end(rt, inet6);
  rt_end(rt, families);
}

static void no_proxy_delay(struct rt *rt, int index) {
  struct ndtmsg table = {.ndtm_family = AF_INET};
  uint64_t delay = 0;
  rt_begin(rt, RTM_SETNEIGHTBL, 0, &table, sizeof table);
  rt_put(rt, NDTA_NAME, "arp_cache", 10);
  struct rtattr *parameters = rt_nest(rt, NDTA_PARMS);
  rt_put(rt, NDTPA_IFINDEX, &index, sizeof index);
  rt_put(rt, NDTPA_PROXY_DELAY, &delay, sizeof delay);
  rt_end(rt, parameters);
}

static void no_router_advertisements(const char *name) {
  char path[96];
  snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/accept_ra", name);
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return; /* a kernel without IPv6 */
  if (file < 0 || write(file, "0", 1) != 1) fail(path);
  close(file);
}

static void route(struct rt *rt, int index, uint32_t to, uint8_t bits, uint32_t via, uint8_t scope) {
  struct rtmsg r = {.rtm_family = AF_INET,
                    .rtm_dst_len = bits,
                    .rtm_table = RT_TABLE_MAIN,
                    .rtm_protocol = RTPROT_BOOT,
                    .rtm_scope = scope,
                    .rtm_type = RTN_UNICAST};
  rt_begin(rt, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &r, sizeof r);
  if (bits != 0) rt_put(rt, RTA_DST, &to, sizeof to);
  if (via != 0) rt_put(rt, RTA_GATEWAY, &via, sizeof via);
  rt_put(rt, RTA_OIF, &index, sizeof index);
}

static void neighbour(struct rt *rt, int index, uint32_t address, const uint8_t *mac) {
  struct ndmsg n = {.ndm_family = AF_INET, .ndm_ifindex = index, .ndm_state = NUD_PERMANENT};
  rt_begin(rt, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &n, sizeof n);
  rt_put(rt, NDA_DST, &address, sizeof address);
  rt_put(rt, NDA_LLADDR, mac, 6);
}

static void wire(const char *pod_path, const char *host_name, const char *alias, const uint8_t *pod_mac, uint32_t address) {
  struct rt host, pod;
  int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  int pod_ns = open(pod_path, O_RDONLY | O_CLOEXEC);
  if (home < 0 || pod_ns < 0) fail("network namespace");
  rt_open(&host, -1, home);
  rt_open(&pod, pod_ns, home);

  rt_look(&host, "lo"); /* in the place of towpath's look at flannel.1 */
  rt_flush(&host, "look at the overlay");

  rt_veth(&host, host_name, HOST_MAC, "eth0", pod_ns, pod_mac, MTU);
  rt_look(&host, host_name);
  struct rt_link link = rt_flush_reading_link(&host, "create the veth");
  no_router_advertisements(host_name);
  host_settings(&host, link.index, alias);
  no_proxy_delay(&host, link.index);
  set_up(&host, link.index);
  rt_flush(&host, "set up the node's end");

  set_up(&pod, link.peer);
  struct ifaddrmsg a = {.ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = (uint32_t)link.peer};
  rt_begin(&pod, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &a, sizeof a);
  rt_put(&pod, IFA_LOCAL, &address, sizeof address);
  rt_put(&pod, IFA_ADDRESS, &address, sizeof address);
  neighbour(&pod, link.peer, gateway(), HOST_MAC);
  route(&pod, link.peer, gateway(), 32, 0, RT_SCOPE_LINK);
  route(&pod, link.peer, 0, 0, gateway(), RT_SCOPE_UNIVERSE);
  rt_flush(&pod, "wire the pod");

  route(&host, link.index, address, 32, 0, RT_SCOPE_LINK);
  rt_flush(&host, "route to the pod");
}

static void unwire(const char *host_name) {
  struct rt host;
  rt_open(&host, -1, -1);
  rt_look(&host, host_name);
  struct ifinfomsg link = {.ifi_family = AF_UNSPEC,
                           .ifi_index = rt_flush_reading_link(&host, "look at the veth").index};
  rt_begin(&host, RTM_DELLINK, 0, &link, sizeof link);
  rt_flush(&host, "delete the veth");
}

/* As towpath does it: under the lock, a file that is whole and on the disk before it has its name. */
static void lease(const char *dir, const char *address, const char *container, int adding) {
  int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) fail(dir);
  int lock = openat(folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0 || flock(lock, LOCK_EX) < 0) fail("lock");
  if (adding) {
    char text[160];
    int length = snprintf(text, sizeof text, "%s\r\neth0", container);
    int file = openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0 || write(file, text, (size_t)length) != length || fsync(file) < 0) fail("lease");
    if (linkat(file, "", folder, address, AT_EMPTY_PATH) < 0) fail("publish the lease");
  } else if (unlinkat(folder, address, 0) < 0) {
    fail("remove the lease");
  }
}

static const char *const leases = LEASES;

int main(void) {
  char ignored[65536], host_name[IFNAMSIZ], text[INET_ADDRSTRLEN];
  const char *verb = getenv("CNI_COMMAND"), *container = getenv("CNI_CONTAINERID"), *pod = getenv("CNI_NETNS");
  if (verb == NULL || container == NULL || pod == NULL) {
    fprintf(stderr, "CNI_COMMAND, CNI_CONTAINERID and CNI_NETNS must be set\n");
    return 1;
  }
  while (read(0, ignored, sizeof ignored) > 0) continue;

  size_t length = strlen(container);
  uint32_t number = (uint32_t)strtoul(container + (length > 8 ? length - 8 : 0), NULL, 16) % 65000 + 256;
  uint32_t address = htonl(0x0af40000 + number); /* 10.244.0.0/16 */
  uint8_t pod_mac[6] = {0x0a, 0x58, 10, 244, (uint8_t)(number >> 8), (uint8_t)number};
  snprintf(host_name, sizeof host_name, "cali%011x", number);
  inet_ntop(AF_INET, &address, text, sizeof text);

  if (strcmp(verb, "ADD") == 0) {
    if (leases != NULL) lease(leases, text, container, 1);
    wire(pod, host_name, container, pod_mac, address);
    printf("{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"%s/32\",\"gateway\":\"169.254.1.1\"}]}\n", text);
  } else {
    unwire(host_name);
    if (leases != NULL) lease(leases, text, container, 0);
  }
  return 0;
}
