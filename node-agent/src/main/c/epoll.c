/*
 * Netty's epoll transport, linked into the executable: registers its native methods as loading its library would.
 */
#include <jni.h>

/* netty_epoll_native.c */
JNIEXPORT jint JNI_OnLoad_netty_transport_native_epoll(JavaVM *vm, void *reserved);

JNIEXPORT jint JNICALL Java_io_towpath_agent_image_LinkedEpoll_register(JNIEnv *env, jclass type);

JNIEXPORT jint JNICALL Java_io_towpath_agent_image_LinkedEpoll_register(JNIEnv *env, jclass type) {
    (void)type;
    JavaVM *vm;
    if ((*env)->GetJavaVM(env, &vm) != JNI_OK)
        return JNI_ERR;
    return JNI_OnLoad_netty_transport_native_epoll(vm, NULL);
}
