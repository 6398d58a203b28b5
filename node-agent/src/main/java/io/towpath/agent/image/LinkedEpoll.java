package io.towpath.agent.image;

import com.oracle.svm.core.annotate.Substitute;
import com.oracle.svm.core.annotate.TargetClass;

/** Netty's epoll transport in the native executable, where its C side is linked in instead of loaded as a library. */
final class LinkedEpoll {
    private LinkedEpoll() {}

    /** Makes Netty's native methods known; returns the version of JNI that they want, or a negative number. */
    static native int register();

    /** What Netty does when it first needs its native methods. */
    @TargetClass(className = "io.netty.channel.epoll.Native")
    static final class Library {
        private Library() {}

        /** Registers what is linked in. */
        @Substitute
        private static void loadNativeLibrary() {
            int version = register();
            if (version < 0) {
                throw new UnsatisfiedLinkError(
                        "Netty's epoll transport, which is linked in, does not start: " + version);
            }
        }
    }
}
