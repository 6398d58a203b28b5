#ifndef TOWPATH_BENCH_DRIVER_H
#define TOWPATH_BENCH_DRIVER_H

#include <stddef.h>

/* One program under measurement and the node it runs on. */
struct peer {
  char name[64];
  char verbs[64]; /* " ADD DEL VERSION "; EXEC: run it without CNI's variables */
  int node_fd;    /* network namespace */
  char executable[512];
  char *conf; /* what it gets on stdin, a JSON object */
  size_t conf_length;
};

/* One pod's network namespace and what its ADD answered. */
struct pod {
  unsigned serial; /* 0: there is none */
  char path[64];
  char result[4096];
  size_t result_length;
};

struct sample {
  long long wall_ns; /* from before the spawn until the process has been waited for */
  long long cpu_ns;  /* user and system time of the process and the children it waited for */
  long rss_kib;      /* the largest of any of them */
};

_Noreturn void fail(const char *what);

/* The calling thread must be in the peer's node. Ends the program when the peer does not exit with 0.
   pod may be NULL for verbs that need none. */
void measure(const struct peer *peer, const char *verb, struct pod *pod, struct sample *sample);

/* Keeps the first answer of every peer to every verb in the folder, for the script to look at; NULL: no longer. */
void keep_first_answers(const char *folder);

/* Pods live in a mount namespace and a tmpfs of this process alone: when it dies, however it dies, they are gone. */
void pods_init(const char *cni_path);
void pod_create(struct pod *pod);
/* Deletes those of the namespaces that exist and waits until the kernel has taken them down. */
void pods_delete(struct pod *pods, int count);
void settle(int milliseconds);
extern const char *cni_path;
extern int home_fd;

#endif
