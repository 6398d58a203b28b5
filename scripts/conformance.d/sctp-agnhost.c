/*
 * Stands in for /agnhost where the kernel has no SCTP sockets: "porter" with SERVE_SCTP_PORT_n, and "connect" with
 * --protocol=sctp. Both speak the handshake of an association (RFC 9260, section 5.1) on raw sockets: INIT, INIT ACK,
 * COOKIE ECHO, COOKIE ACK. conntrack and policies take that for any other association. All else is done by /agnhost.real.
 */
#define _GNU_SOURCE /* in6_pktinfo */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum chunk { INIT = 1, INIT_ACK = 2, ABORT = 6, COOKIE_ECHO = 10, COOKIE_ACK = 11 };

enum {
  HEADER = 12, /* ports, verification tag, checksum */
  CHUNK = 4,   /* type, flags, length */
  INIT_BODY = 16,
  COOKIE = 4,
  LARGEST_COOKIE = 64,
  AGAIN_MS = 1000, /* an INIT that got no answer is sent again */
};

extern char **environ;

/* CRC32c (RFC 9260, appendix A). */
static uint32_t checksum(const uint8_t *bytes, size_t length) {
  uint32_t crc = UINT32_MAX;
  for (size_t i = 0; i < length; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++) {
      crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
    }
  }
  return ~crc;
}

static void put16(uint8_t *at, unsigned value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value) {
  put16(at, value >> 16);
  put16(at + 2, value & 0xffff);
}

static unsigned get16(const uint8_t *at) { return (unsigned)at[0] << 8 | at[1]; }

static uint32_t get32(const uint8_t *at) { return (uint32_t)get16(at) << 16 | get16(at + 2); }

/* A verification tag, or whatever else is to be hard to guess; never 0. */
static uint32_t any_number(void) {
  uint32_t number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number) {
    number = (uint32_t)getpid();
  }
  return number | 1;
}

struct packet {
  uint8_t bytes[512];
  size_t length;
};

/* A packet with one chunk. */
static void write_packet(struct packet *packet, unsigned from, unsigned to, uint32_t tag, enum chunk type,
                         const uint8_t *body, size_t length) {
  memset(packet, 0, sizeof *packet);
  put16(packet->bytes, from);
  put16(packet->bytes + 2, to);
  put32(packet->bytes + 4, tag);
  packet->bytes[HEADER] = (uint8_t)type;
  put16(packet->bytes + HEADER + 2, (unsigned)(CHUNK + length));
  if (length > 0) {
    memcpy(packet->bytes + HEADER + CHUNK, body, length);
  }
  packet->length = (HEADER + CHUNK + length + 3) & ~(size_t)3;
  uint32_t sum = checksum(packet->bytes, packet->length);
  for (int i = 0; i < 4; i++) { /* least significant byte first */
    packet->bytes[8 + i] = (uint8_t)(sum >> 8 * i);
  }
}

/* What an INIT or INIT ACK has: tag, window, streams, first number. An INIT ACK has a cookie too, here the other's tag. */
static size_t write_init(uint8_t *body, uint32_t tag, const uint8_t *cookie) {
  put32(body, tag);
  put32(body + 4, 106496);
  put16(body + 8, 10);
  put16(body + 10, 65535);
  put32(body + 12, 1);
  if (!cookie) {
    return INIT_BODY;
  }
  put16(body + 16, 7);
  put16(body + 18, 4 + COOKIE);
  memcpy(body + 20, cookie, COOKIE);
  return 20 + COOKIE;
}

/* What a packet that was received is answered with; length 0 if with nothing. */
static void write_answer(struct packet *answer, unsigned port, const uint8_t *packet, size_t length) {
  unsigned sender = get16(packet);
  const uint8_t *body = packet + HEADER + CHUNK;
  uint8_t init[INIT_BODY + CHUNK + COOKIE];
  answer->length = 0;
  if (packet[HEADER] == INIT && length >= HEADER + CHUNK + INIT_BODY) {
    size_t size = write_init(init, any_number(), body);
    write_packet(answer, port, sender, get32(body), INIT_ACK, init, size);
  } else if (packet[HEADER] == COOKIE_ECHO && length >= HEADER + CHUNK + COOKIE) {
    write_packet(answer, port, sender, get32(body), COOKIE_ACK, NULL, 0);
  }
}

static int raw_socket(int family) { return socket(family, SOCK_RAW, IPPROTO_SCTP); }

/* Raw sockets of IPv4 give the IP header too. */
static const uint8_t *skip_ip(int family, const uint8_t *bytes, ssize_t *length) {
  ssize_t header = family == AF_INET && *length > 0 ? (bytes[0] & 15) * 4 : 0;
  *length -= header;
  return bytes + header;
}

/* The answer leaves from the address that was asked, by whatever link. */
static void from_asked_address(struct msghdr *message, int family) {
  struct cmsghdr *control = CMSG_FIRSTHDR(message);
  if (!control) {
    return;
  }
  if (family == AF_INET) {
    struct in_pktinfo info;
    memcpy(&info, CMSG_DATA(control), sizeof info);
    info.ipi_spec_dst = info.ipi_addr;
    info.ipi_ifindex = 0;
    memcpy(CMSG_DATA(control), &info, sizeof info);
  } else {
    struct in6_pktinfo info;
    memcpy(&info, CMSG_DATA(control), sizeof info);
    info.ipi6_ifindex = 0;
    memcpy(CMSG_DATA(control), &info, sizeof info);
  }
}

static void answer_one(int socket, int family, unsigned port) {
  uint8_t buffer[2048];
  _Alignas(struct cmsghdr) uint8_t control[256];
  struct sockaddr_storage sender;
  struct iovec vector = {.iov_base = buffer, .iov_len = sizeof buffer};
  struct msghdr message = {
      .msg_name = &sender,
      .msg_namelen = sizeof sender,
      .msg_iov = &vector,
      .msg_iovlen = 1,
      .msg_control = control,
      .msg_controllen = sizeof control,
  };
  ssize_t length = recvmsg(socket, &message, 0);
  const uint8_t *packet = skip_ip(family, buffer, &length);
  if (length < HEADER + CHUNK || get16(packet + 2) != port) {
    return;
  }
  struct packet answer;
  write_answer(&answer, port, packet, (size_t)length);
  if (answer.length == 0) {
    return;
  }
  if (family == AF_INET6) {
    ((struct sockaddr_in6 *)&sender)->sin6_port = 0; /* the kernel wants no port on a raw socket */
  }
  from_asked_address(&message, family);
  vector.iov_base = answer.bytes;
  vector.iov_len = answer.length;
  if (sendmsg(socket, &message, 0) < 0) {
    perror("sctp: answer"); /* a policy may have refused it */
  }
}

static int serve(unsigned port) {
  const int on = 1;
  int ipv4 = raw_socket(AF_INET);
  int ipv6 = raw_socket(AF_INET6);
  if (ipv4 < 0) {
    perror("sctp: raw socket");
    return 1;
  }
  setsockopt(ipv4, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  if (ipv6 >= 0) {
    setsockopt(ipv6, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
  }
  fprintf(stderr, "sctp: serving the handshake on port %u\n", port);
  for (;;) {
    struct pollfd ready[] = {{.fd = ipv4, .events = POLLIN}, {.fd = ipv6, .events = POLLIN}};
    poll(ready, 2, -1); /* one that is negative is passed over */
    if (ready[0].revents & POLLIN) {
      answer_one(ipv4, AF_INET, port);
    }
    if (ready[1].revents & POLLIN) {
      answer_one(ipv6, AF_INET6, port);
    }
  }
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static int failed(const char *kind) {
  fprintf(stderr, "%s\n", kind); /* the words are agnhost's, the tests look for them */
  return 1;
}

struct dial {
  int socket, family;
  unsigned own_port, port;
  uint32_t own_tag, tag;
  struct packet question;
  bool asked_with_cookie;
};

/* The address and port of "10.0.0.1:80" or "[fd00::1]:80". */
static bool connect_to(struct dial *dial, const char *target) {
  char host[INET6_ADDRSTRLEN + 2];
  const char *colon = strrchr(target, ':');
  size_t length = colon ? (size_t)(colon - target) : 0;
  errno = EINVAL;
  if (length == 0 || length >= sizeof host) {
    return false;
  }
  bool brackets = target[0] == '[' && target[length - 1] == ']';
  memcpy(host, target + brackets, length - 2 * brackets);
  host[length - 2 * brackets] = 0;
  dial->port = (unsigned)atoi(colon + 1);
  struct sockaddr_in ipv4 = {.sin_family = AF_INET};
  struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
  if (inet_pton(AF_INET, host, &ipv4.sin_addr) == 1) {
    dial->family = AF_INET;
    dial->socket = raw_socket(AF_INET);
    return dial->socket >= 0 && connect(dial->socket, (struct sockaddr *)&ipv4, sizeof ipv4) == 0;
  }
  if (inet_pton(AF_INET6, host, &ipv6.sin6_addr) == 1) {
    dial->family = AF_INET6;
    dial->socket = raw_socket(AF_INET6);
    return dial->socket >= 0 && connect(dial->socket, (struct sockaddr *)&ipv6, sizeof ipv6) == 0;
  }
  return false;
}

/* Takes what has come; returns 0 when the association stands, 1 when it was refused, -1 while there is more to come. */
static int take_answer(struct dial *dial) {
  uint8_t buffer[2048];
  ssize_t length = recv(dial->socket, buffer, sizeof buffer, MSG_DONTWAIT);
  const uint8_t *packet = skip_ip(dial->family, buffer, &length);
  if (length < HEADER + CHUNK || get16(packet) != dial->port || get16(packet + 2) != dial->own_port ||
      get32(packet + 4) != dial->own_tag) {
    return -1;
  }
  const uint8_t *body = packet + HEADER + CHUNK;
  switch (packet[HEADER]) {
  case INIT_ACK:
    if (!dial->asked_with_cookie && length >= HEADER + CHUNK + INIT_BODY + CHUNK) {
      size_t cookie = get16(body + INIT_BODY + 2) - CHUNK;
      const uint8_t *start = body + INIT_BODY + CHUNK;
      if (cookie <= LARGEST_COOKIE && start + cookie <= packet + length) {
        dial->tag = get32(body);
        dial->asked_with_cookie = true;
        write_packet(&dial->question, dial->own_port, dial->port, dial->tag, COOKIE_ECHO, start, cookie);
        send(dial->socket, dial->question.bytes, dial->question.length, 0);
      }
    }
    return -1;
  case COOKIE_ACK:
    if (!dial->asked_with_cookie) {
      return -1;
    }
    write_packet(&dial->question, dial->own_port, dial->port, dial->tag, ABORT, NULL, 0);
    send(dial->socket, dial->question.bytes, dial->question.length, 0);
    return 0;
  case ABORT:
    return failed("REFUSED");
  default:
    return -1;
  }
}

static int call(const char *target, int64_t timeout_ms) {
  struct dial dial = {.own_port = 32768 + any_number() % 28000, .own_tag = any_number()};
  if (!connect_to(&dial, target)) {
    perror("OTHER: connect");
    return 1;
  }
  uint8_t init[INIT_BODY];
  size_t size = write_init(init, dial.own_tag, NULL);
  write_packet(&dial.question, dial.own_port, dial.port, 0, INIT, init, size);
  int64_t now = now_ms();
  int64_t end = now + timeout_ms;
  for (int64_t again = now; now < end; now = now_ms()) {
    if (now >= again) {
      if (send(dial.socket, dial.question.bytes, dial.question.length, 0) < 0) {
        perror("OTHER: send");
        return 1;
      }
      again = now + AGAIN_MS;
    }
    struct pollfd ready = {.fd = dial.socket, .events = POLLIN};
    poll(&ready, 1, (int)((again < end ? again : end) - now));
    int error = 0;
    socklen_t error_size = sizeof error;
    if (ready.revents & POLLERR &&
        getsockopt(dial.socket, SOL_SOCKET, SO_ERROR, &error, &error_size) == 0 && error != 0) {
      return failed("REFUSED");
    }
    if (ready.revents & POLLIN) {
      int result = take_answer(&dial);
      if (result >= 0) {
        return result;
      }
    }
  }
  return failed("TIMEOUT");
}

/* Go's durations as the tests write them: "3s", "500ms", "1m0s" are not all there could be, but all there are. */
static int64_t milliseconds(const char *text) {
  int64_t sum = 0;
  while (*text) {
    char *unit;
    double number = strtod(text, &unit);
    if (unit == text) {
      return 0;
    }
    bool milli = strncmp(unit, "ms", 2) == 0;
    sum += (int64_t)(number * (milli ? 1 : *unit == 'm' ? 60000 : 1000));
    text = unit + (milli ? 2 : *unit != 0);
  }
  return sum;
}

/* The value of "--name=value" or "--name value" at an argument; NULL if it is another one. */
static const char *option(char **arguments, int *at, const char *name) {
  size_t length = strlen(name);
  const char *argument = arguments[*at];
  if (strncmp(argument, name, length) != 0) {
    return NULL;
  }
  if (argument[length] == '=') {
    return argument + length + 1;
  }
  return argument[length] == 0 && arguments[*at + 1] ? arguments[++*at] : NULL;
}

static bool kernel_has_sctp(void) {
  int probe = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
  if (probe >= 0) {
    close(probe);
  }
  return probe >= 0;
}

int main(int count, char **arguments) {
  const char *verb = count > 1 ? arguments[1] : "";
  if (kernel_has_sctp()) {
    verb = "";
  }
  if (strcmp(verb, "porter") == 0) {
    const char *prefix = "SERVE_SCTP_PORT_";
    for (char **variable = environ; *variable; variable++) {
      if (strncmp(*variable, prefix, strlen(prefix)) == 0) {
        return serve((unsigned)atoi(*variable + strlen(prefix)));
      }
    }
  } else if (strcmp(verb, "connect") == 0) {
    const char *target = NULL;
    bool sctp = false;
    int64_t timeout = 0;
    for (int i = 2; i < count; i++) {
      const char *value;
      if ((value = option(arguments, &i, "--timeout"))) {
        timeout = milliseconds(value);
      } else if ((value = option(arguments, &i, "--protocol"))) {
        sctp = strcmp(value, "sctp") == 0;
      } else if (arguments[i][0] != '-') {
        target = arguments[i];
      }
    }
    if (sctp && target && timeout > 0) {
      return call(target, timeout);
    }
  }
  execv("/agnhost.real", arguments);
  perror("/agnhost.real");
  return 127;
}
