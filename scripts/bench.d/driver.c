/* Times CNI plugins side by side.

   driver PLAN ROUNDS SAMPLES ANSWERS CNI_PATH

   PLAN has a line per peer: name, verbs, the node's network namespace, executable and configuration file, separated by
   tabs. SAMPLES gets a line per operation: how many at a time, verb, peer, wall ns, cpu ns, peak RSS in KiB.
   Peers take turns operation by operation, in an order that rotates, so whatever the machine does besides hits all alike.
   All pods of a block are made before its clock starts and taken down after it, when nobody is measured. */
#define _GNU_SOURCE
#include "driver.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PEERS 8
#define WIDTH 8  /* operations at a time in the second half */
#define BLOCK 24 /* pods of one peer alive at the same time; a multiple of WIDTH */
#define WARM_UP 2

static struct peer peers[PEERS];
static int peer_count;
static struct pod pods[PEERS * BLOCK];
static FILE *samples;

static int has(const struct peer *peer, const char *verb) {
  char padded[16];
  snprintf(padded, sizeof padded, " %s ", verb);
  return strstr(peer->verbs, padded) != NULL;
}

static char *whole_file(const char *path, size_t *length) {
  struct stat about;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0 || fstat(file, &about) < 0) fail(path);
  char *text = malloc((size_t)about.st_size + 1);
  if (text == NULL || read(file, text, (size_t)about.st_size) != about.st_size) fail(path);
  close(file);
  *length = (size_t)about.st_size;
  return text;
}

static void read_plan(const char *path) {
  char line[2048], verbs[48], node[512], conf[512];
  FILE *plan = fopen(path, "re");
  if (plan == NULL) fail(path);
  while (fgets(line, sizeof line, plan) != NULL) {
    struct peer *p = &peers[peer_count];
    if (peer_count == PEERS || sscanf(line, "%63[^\t]\t%47[^\t]\t%511[^\t]\t%511[^\t]\t%511[^\n]", p->name, verbs,
                                      node, p->executable, conf) != 5) {
      errno = EINVAL;
      fail(path);
    }
    snprintf(p->verbs, sizeof p->verbs, " %s ", verbs);
    p->node_fd = open(node, O_RDONLY | O_CLOEXEC);
    if (p->node_fd < 0) fail(node);
    p->conf = whole_file(conf, &p->conf_length);
    peer_count++;
  }
  fclose(plan);
}

static void enter(int namespace) {
  if (setns(namespace, CLONE_NEWNET) < 0) fail("setns");
}

static void record(int width, const char *verb, const struct peer *peer, const struct sample *s) {
  fprintf(samples, "%d\t%s\t%s\t%lld\t%lld\t%ld\n", width, verb, peer->name, s->wall_ns, s->cpu_ns, s->rss_kib);
}

struct worker {
  pthread_t thread;
  pthread_barrier_t *start;
  const struct peer *peer;
  const char *verb;
  struct pod *pod;
  struct sample sample;
};

static void *work(void *argument) {
  struct worker *w = argument;
  enter(w->peer->node_fd);
  pthread_barrier_wait(w->start);
  measure(w->peer, w->verb, w->pod, &w->sample);
  return NULL;
}

/* `width` operations of one peer at the same time; pod NULL: none is needed. */
static void run(int width, const struct peer *peer, const char *verb, struct pod *pod, int recorded) {
  struct worker workers[WIDTH];
  pthread_barrier_t start;
  if (width == 1) {
    enter(peer->node_fd);
    measure(peer, verb, pod, &workers[0].sample);
    enter(home_fd);
  } else {
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 * 1024);
    pthread_barrier_init(&start, NULL, (unsigned)width);
    for (int i = 0; i < width; i++) {
      workers[i] = (struct worker){.start = &start, .peer = peer, .verb = verb, .pod = pod == NULL ? NULL : pod + i};
      if ((errno = pthread_create(&workers[i].thread, &small, work, &workers[i])) != 0) fail("thread");
    }
    for (int i = 0; i < width; i++) pthread_join(workers[i].thread, NULL);
    pthread_barrier_destroy(&start);
    pthread_attr_destroy(&small);
  }
  for (int i = 0; recorded && i < width; i++) record(width, verb, peer, &workers[i].sample);
}

/* One verb for all of its peers, `count` times each; pods NULL where the verb needs none. */
static void take_turns(int width, const char *verb, int count, struct pod *from, int recorded) {
  for (int done = 0; done < count; done += width) {
    for (int turn = 0; turn < peer_count; turn++) {
      int i = (turn + done / width) % peer_count;
      if (has(&peers[i], verb)) run(width, &peers[i], verb, from == NULL ? NULL : from + i * BLOCK + done, recorded);
    }
  }
}

static void block(int width, int count, int recorded) {
  static const char *const without_pod[] = {"VERSION", "STATUS", "EXEC"};
  for (int i = 0; i < peer_count * BLOCK; i++) {
    if (i % BLOCK < count && has(&peers[i / BLOCK], "ADD")) pod_create(&pods[i]);
  }
  settle(200);
  for (size_t v = 0; v < sizeof without_pod / sizeof *without_pod; v++) {
    take_turns(width, without_pod[v], count, NULL, recorded);
  }
  take_turns(width, "ADD", count, pods, recorded);
  settle(200);
  take_turns(width, "DEL", count, pods, recorded);
  pods_delete(pods, peer_count * BLOCK);
}

int main(int argc, char **argv) {
  int rounds = argc == 6 ? atoi(argv[2]) : 0;
  if (rounds <= 0) {
    fprintf(stderr, "usage: driver PLAN ROUNDS SAMPLES ANSWERS CNI_PATH\n");
    return 2;
  }
  /* The script that started us takes us with it when it ends, however it ends. */
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) fail("prctl");
  read_plan(argv[1]);
  samples = fopen(argv[3], "we");
  if (samples == NULL) fail(argv[3]);
  keep_first_answers(argv[4]);
  pods_init(argv[5]);
  int widths[] = {1, WIDTH};
  for (int w = 0; w < 2; w++) {
    int width = widths[w];
    block(width, width == 1 ? WARM_UP : WIDTH, 0);
    keep_first_answers(NULL);
    /* Eight at a time, a round is a full batch: round up. */
    int left = (rounds + width - 1) / width * width;
    while (left > 0) {
      int count = left < BLOCK ? left : BLOCK;
      block(width, count, 1);
      left -= count;
      printf("%d at a time: %d left of %d\n", width, left, rounds);
      fflush(stdout);
    }
  }
  return fclose(samples) == 0 ? 0 : 1;
}
