#define _GNU_SOURCE
#include "native.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Where struct ipt_replace and struct ip6t_replace have the pointer to the old counters: behind the name and 14 words. */
#define COUNTERS_AT 88

NATIVE(jint, datagramOpen, jint family)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}

NATIVE(jint, getOption, jint fd, jint level, jint option, jbyteArray value)
{
    socklen_t length = (socklen_t)(*env)->GetArrayLength(env, value);
    jbyte *bytes = (*env)->GetByteArrayElements(env, value, NULL);
    if (bytes == NULL)
        return -ENOMEM;
    int result = getsockopt(fd, level, option, bytes, &length) < 0 ? -errno : (int)length;
    (*env)->ReleaseByteArrayElements(env, value, bytes, 0);
    return result;
}

NATIVE(jint, setOption, jint fd, jint level, jint option, jbyteArray value)
{
    jsize length = (*env)->GetArrayLength(env, value);
    jbyte *bytes = (*env)->GetByteArrayElements(env, value, NULL);
    if (bytes == NULL)
        return -ENOMEM;
    int result = setsockopt(fd, level, option, bytes, (socklen_t)length) < 0 ? -errno : 0;
    (*env)->ReleaseByteArrayElements(env, value, bytes, JNI_ABORT);
    return result;
}

NATIVE(jint, replaceTable, jint fd, jint level, jint option, jbyteArray replacement, jbyteArray counters)
{
    jsize length = (*env)->GetArrayLength(env, replacement);
    if (length < COUNTERS_AT + (jsize)sizeof(void *))
        return -EINVAL;
    jsize size = (*env)->GetArrayLength(env, counters);
    void *old = malloc((size_t)size + 1);
    jbyte *bytes = (*env)->GetByteArrayElements(env, replacement, NULL);
    int result = -ENOMEM;
    if (old != NULL && bytes != NULL) {
        memcpy(bytes + COUNTERS_AT, &old, sizeof(old));
        result = setsockopt(fd, level, option, bytes, (socklen_t)length) < 0 ? -errno : 0;
    }
    if (result == 0)
        (*env)->SetByteArrayRegion(env, counters, 0, size, old);
    if (bytes != NULL)
        (*env)->ReleaseByteArrayElements(env, replacement, bytes, JNI_ABORT);
    free(old);
    return result;
}
