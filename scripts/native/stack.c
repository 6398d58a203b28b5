/*
 * The bounds of the main thread's stack, in the place of musl's pthread_getattr_np: linked with
 * --wrap=pthread_getattr_np.
 *
 * musl tells how much of the main thread's stack is mapped, which is 132 KiB at a process's start, and finds that out
 * with one mremap(2) a page. The kernel maps the rest when it is touched, up to RLIMIT_STACK, so that is the stack
 * that Java code may use before it gets a StackOverflowError.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

#define PAGE 4096UL
#define LARGEST (8UL << 20)

int __real_pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes);
int __wrap_pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes);

int __wrap_pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes) {
    struct rlimit limit;
    if (gettid() != getpid() || !pthread_equal(thread, pthread_self()) || getrlimit(RLIMIT_STACK, &limit) != 0)
        return __real_pthread_getattr_np(thread, attributes);
    size_t size = (limit.rlim_cur < LARGEST ? limit.rlim_cur : LARGEST) & -PAGE;
    /* The program's name is the last thing that execve(2) puts on the stack. */
    uintptr_t end = (getauxval(AT_EXECFN) + PAGE) & -PAGE;
    pthread_attr_init(attributes);
    return pthread_attr_setstack(attributes, (void *)(end - size), size);
}
