#define _GNU_SOURCE
#include "rtnetlink.h"

#include <errno.h>
#include <linux/veth.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

_Noreturn void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

void rt_open(struct rt *rt, int ns_fd, int home_fd) {
  rt->sequence = 0;
  rt->length = 0;
  if (ns_fd >= 0 && setns(ns_fd, CLONE_NEWNET) < 0) fail("setns");
  rt->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (rt->fd < 0) fail("netlink socket");
  if (ns_fd >= 0 && setns(home_fd, CLONE_NEWNET) < 0) fail("setns back");
  int on = 1;
  /* Acknowledgements of errors without the request's text: shorter answers. */
  if (setsockopt(rt->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on) < 0) fail("NETLINK_CAP_ACK");
}

void rt_begin(struct rt *rt, uint16_t type, uint16_t flags, const void *body, uint32_t body_length) {
  struct nlmsghdr *m = (struct nlmsghdr *)(rt->buffer + rt->length);
  memset(m, 0, NLMSG_SPACE(body_length));
  m->nlmsg_len = NLMSG_LENGTH(body_length);
  m->nlmsg_type = type;
  m->nlmsg_flags = NLM_F_REQUEST | flags;
  m->nlmsg_seq = ++rt->sequence;
  memcpy(NLMSG_DATA(m), body, body_length);
  rt->last = m;
  rt->length += NLMSG_SPACE(body_length);
}

void rt_put(struct rt *rt, uint16_t type, const void *data, uint32_t length) {
  if (rt->length + RTA_SPACE(length) > RT_BUFFER) {
    errno = ENOBUFS;
    fail("netlink request");
  }
  struct rtattr *a = (struct rtattr *)(rt->buffer + rt->length);
  memset(a, 0, RTA_SPACE(length));
  a->rta_type = type;
  a->rta_len = RTA_LENGTH(length);
  if (length > 0) memcpy(RTA_DATA(a), data, length);
  rt->length += RTA_SPACE(length);
  rt->last->nlmsg_len = (uint32_t)(rt->buffer + rt->length - (char *)rt->last);
}

struct rtattr *rt_nest(struct rt *rt, uint16_t type) {
  struct rtattr *nest = (struct rtattr *)(rt->buffer + rt->length);
  rt_put(rt, type, NULL, 0);
  return nest;
}

void rt_end(struct rt *rt, struct rtattr *nest) {
  nest->rta_len = (uint16_t)(rt->buffer + rt->length - (char *)nest);
}

static struct rt_link read_link(struct nlmsghdr *m) {
  struct rt_link link = {.index = ((struct ifinfomsg *)NLMSG_DATA(m))->ifi_index};
  int left = (int)IFLA_PAYLOAD(m);
  for (struct rtattr *a = IFLA_RTA(NLMSG_DATA(m)); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
    if (a->rta_type == IFLA_LINK) memcpy(&link.peer, RTA_DATA(a), sizeof link.peer);
  }
  return link;
}

struct rt_link rt_flush_reading_link(struct rt *rt, const char *what) {
  _Alignas(4) char answer[8192];
  struct rt_link link = {0};
  rt->last->nlmsg_flags |= NLM_F_ACK;
  if (send(rt->fd, rt->buffer, rt->length, 0) != (ssize_t)rt->length) fail(what);
  rt->length = 0;
  for (;;) {
    ssize_t received = recv(rt->fd, answer, sizeof answer, 0);
    if (received < 0) fail(what);
    for (struct nlmsghdr *m = (struct nlmsghdr *)answer; NLMSG_OK(m, received); m = NLMSG_NEXT(m, received)) {
      if (m->nlmsg_type == RTM_NEWLINK) link = read_link(m);
      if (m->nlmsg_type != NLMSG_ERROR) continue;
      errno = -((struct nlmsgerr *)NLMSG_DATA(m))->error;
      if (errno != 0) fail(what);
      if (m->nlmsg_seq == rt->sequence) return link;
    }
  }
}

void rt_flush(struct rt *rt, const char *what) { rt_flush_reading_link(rt, what); }

void rt_look(struct rt *rt, const char *name) {
  struct ifinfomsg any = {.ifi_family = AF_UNSPEC};
  rt_begin(rt, RTM_GETLINK, 0, &any, sizeof any);
  rt_put(rt, IFLA_IFNAME, name, (uint32_t)strlen(name) + 1);
}

void rt_veth(struct rt *rt, const char *name, const uint8_t *mac, const char *peer, int peer_ns_fd,
             const uint8_t *peer_mac, uint32_t mtu) {
  struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
  rt_begin(rt, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof link);
  rt_put(rt, IFLA_IFNAME, name, (uint32_t)strlen(name) + 1);
  rt_put(rt, IFLA_MTU, &mtu, sizeof mtu);
  if (mac != NULL) rt_put(rt, IFLA_ADDRESS, mac, 6);
  struct rtattr *info = rt_nest(rt, IFLA_LINKINFO);
  rt_put(rt, IFLA_INFO_KIND, "veth", 5);
  struct rtattr *data = rt_nest(rt, IFLA_INFO_DATA);
  struct rtattr *other = rt_nest(rt, VETH_INFO_PEER);
  memcpy(rt->buffer + rt->length, &link, sizeof link);
  rt->length += sizeof link;
  rt_put(rt, IFLA_IFNAME, peer, (uint32_t)strlen(peer) + 1);
  rt_put(rt, IFLA_MTU, &mtu, sizeof mtu);
  if (peer_mac != NULL) rt_put(rt, IFLA_ADDRESS, peer_mac, 6);
  rt_put(rt, IFLA_NET_NS_FD, &peer_ns_fd, sizeof peer_ns_fd);
  rt_end(rt, other);
  rt_end(rt, data);
  rt_end(rt, info);
}
