/* What the C files share. Each exported function belongs to the native method of io.towpath.linux.Native of its name. */
#ifndef TOWPATH_NATIVE_H
#define TOWPATH_NATIVE_H

#include "io_towpath_linux_Native.h"

#include <limits.h>

#define UNUSED __attribute__((unused))
#define NATIVE(type, name, ...) \
    JNIEXPORT type JNICALL Java_io_towpath_linux_Native_##name(UNUSED JNIEnv *env, UNUSED jclass class, __VA_ARGS__)

/* Copies a NUL-terminated Java array; 0, or -ENAMETOOLONG if it has more than size bytes. */
int towpath_copy_string(JNIEnv *env, jbyteArray from, char *into, size_t size);

/* Copies a path, or returns from the caller with the error. */
#define COPY_PATH(array, variable)                                                    \
    char variable[PATH_MAX];                                                          \
    do {                                                                              \
        int copied = towpath_copy_string(env, array, variable, sizeof(variable));             \
        if (copied < 0)                                                               \
            return copied;                                                            \
    } while (0)

/* Writes all of it; 0, or a negated errno. */
int towpath_write_all(int fd, const char *content, size_t length);

/* Locks a descriptor exclusively; 0, or a negated errno: ETIMEDOUT when the time is up, EAGAIN if it was 0. */
int towpath_lock(int fd, int milliseconds);

/* Takes the calling thread into a network namespace, -1 for staying; what towpath_leave_netns needs goes to *own. */
int towpath_enter_netns(int target, int *own);

/* The way back. A thread stranded in a foreign namespace would change the wrong kernel state: the process ends instead. */
void towpath_leave_netns(int own);

#endif
