/* Pods as a container runtime makes them: a network namespace held by a bind mount. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "driver.h"
#include "rtnetlink.h"

#define POD_FOLDER "/run/netns"

const char *cni_path;
int home_fd;

void pods_init(const char *path) {
  cni_path = path;
  if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0) fail("unshare");
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) fail("make mounts private");
  mkdir(POD_FOLDER, 0755);
  if (mount("pods", POD_FOLDER, "tmpfs", 0, "mode=755") < 0) fail("mount " POD_FOLDER);
  home_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (home_fd < 0) fail("open own namespace");
}

void pod_create(struct pod *pod) {
  static unsigned serial;
  pod->serial = ++serial;
  pod->result_length = 0;
  snprintf(pod->path, sizeof pod->path, POD_FOLDER "/pod-%u", pod->serial);
  int file = open(pod->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) fail(pod->path);
  close(file);
  if (unshare(CLONE_NEWNET) < 0) fail("unshare");
  if (mount("/proc/thread-self/ns/net", pod->path, NULL, MS_BIND, NULL) < 0) fail("mount a namespace");
  if (setns(home_fd, CLONE_NEWNET) < 0) fail("setns home");
}

void settle(int milliseconds) {
  struct timespec t = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  nanosleep(&t, NULL);
}

/* Namespaces die in a kernel worker, in the order in which they were let go. So the last one let go holds one end of
   a veth: once the other end has vanished, the worker has come to the end of the queue. */
void pods_delete(struct pod *pods, int count) {
  struct rt rt;
  if (unshare(CLONE_NEWNET) < 0) fail("unshare");
  int last = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (last < 0 || setns(home_fd, CLONE_NEWNET) < 0) fail("setns home");
  rt_open(&rt, -1, home_fd);
  rt_veth(&rt, "waiting", NULL, "ending", last, NULL, 1500);
  rt_flush(&rt, "create the marker");
  close(rt.fd);
  for (int i = 0; i < count; i++) {
    if (pods[i].serial == 0) continue;
    if (umount(pods[i].path) < 0 || unlink(pods[i].path) < 0) fail(pods[i].path);
    pods[i].serial = 0;
  }
  close(last);
  for (int waited = 0; if_nametoindex("waiting") != 0; waited += 10) {
    if (waited > 60000) {
      errno = ETIMEDOUT;
      fail("namespaces did not end");
    }
    settle(10);
  }
  settle(250);
}
