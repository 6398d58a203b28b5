/* One process, called as a container runtime calls a CNI plugin, and what it cost. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "driver.h"

#define INPUT_LIMIT 32768 /* below the 64 KiB of a pipe, so that writing it before the spawn never blocks */

static const char *answers;

void keep_first_answers(const char *folder) { answers = folder; }

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long nanoseconds(struct timeval t) { return t.tv_sec * 1000000000LL + t.tv_usec * 1000LL; }

/* DEL gets the ADD's result as prevResult, as every runtime sends it. */
static size_t input(char *into, const struct peer *peer, const char *verb, const struct pod *pod) {
  memcpy(into, peer->conf, peer->conf_length);
  if (strcmp(verb, "DEL") != 0 || pod->result_length == 0) return peer->conf_length;
  size_t length = peer->conf_length;
  while (length > 0 && into[length - 1] != '}') length--;
  int added = snprintf(into + length - 1, INPUT_LIMIT - length, ",\"prevResult\":%.*s}", (int)pod->result_length,
                       pod->result);
  return length - 1 + (size_t)added;
}

static void keep_answer(const struct peer *peer, const char *verb, const char *text, size_t length) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s.%s", answers, peer->name, verb);
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 && errno == EEXIST) return;
  if (file < 0 || write(file, text, length) != (ssize_t)length) fail(path);
  close(file);
}

void measure(const struct peer *peer, const char *verb, struct pod *pod, struct sample *sample) {
  char command[32], container[96], netns[96], arguments[192], path[512];
  char *environment[] = {command, container,         netns,
                         arguments, path, "CNI_IFNAME=eth0", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
  char *argv[] = {(char *)peer->executable, NULL};
  char in[INPUT_LIMIT], out[sizeof pod->result];
  int to[2], from[2], status;
  struct rusage usage;
  pid_t pid;

  snprintf(command, sizeof command, "CNI_COMMAND=%s", verb);
  snprintf(container, sizeof container, "CNI_CONTAINERID=%064x", pod == NULL ? 0 : pod->serial);
  snprintf(netns, sizeof netns, "CNI_NETNS=%s", pod == NULL ? "" : pod->path);
  snprintf(arguments, sizeof arguments, "CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=bench;K8S_POD_NAME=pod-%u",
           pod == NULL ? 0 : pod->serial);
  snprintf(path, sizeof path, "CNI_PATH=%s", cni_path);
  if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0) fail("pipe");
  size_t length = input(in, peer, verb, pod);
  if (write(to[1], in, length) != (ssize_t)length) fail("write the configuration");
  close(to[1]);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to[0], 0);
  posix_spawn_file_actions_adddup2(&actions, from[1], 1);

  long long started = now();
  int error = posix_spawn(&pid, peer->executable, &actions, NULL, argv, environment);
  close(from[1]);
  size_t answered = 0;
  ssize_t got = 0;
  while (error == 0 && (got = read(from[0], out + answered, sizeof out - answered)) > 0) answered += (size_t)got;
  if (error == 0 && wait4(pid, &status, 0, &usage) < 0) fail("wait4");
  sample->wall_ns = now() - started;

  close(to[0]);
  close(from[0]);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    errno = error;
    fail(peer->executable);
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    fprintf(stderr, "%s %s ended with status 0x%x: %.*s\n", peer->name, verb, (unsigned)status, (int)answered, out);
    exit(1);
  }
  sample->cpu_ns = nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
  sample->rss_kib = usage.ru_maxrss;
  if (pod != NULL && strcmp(verb, "ADD") == 0) {
    memcpy(pod->result, out, answered);
    while (answered > 0 && pod->result[answered - 1] != '}') answered--;
    pod->result_length = answered;
  }
  if (answers != NULL) keep_answer(peer, verb, out, answered);
}
