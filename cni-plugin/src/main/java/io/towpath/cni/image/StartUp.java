package io.towpath.cni.image;

import com.oracle.svm.core.annotate.Substitute;
import com.oracle.svm.core.annotate.TargetClass;

/** What a native executable does before {@code main} and this one has no need of. */
final class StartUp {
    private StartUp() {}

    /**
     * Asking the processor for its features takes a dozen CPUID instructions. Each leaves a virtual machine for its
     * host, which takes from 1 to 20 µs; the vector instructions that they would allow gain less than that here.
     */
    @TargetClass(className = "com.oracle.svm.core.cpufeature.RuntimeCPUFeatureCheckInitializer")
    static final class ProcessorFeatures {
        /** Leaves the features as they were when the executable was built: those that it requires. */
        @Substitute
        public void execute(boolean isFirstIsolate) {}
    }

    /**
     * The JDK's network library probes the kernel with three sockets when it is loaded. Classes that need it load it
     * themselves, and the executable has none.
     */
    @TargetClass(className = "com.oracle.svm.core.posix.PosixNativeLibrarySupport")
    static final class NetworkLibrary {
        /** Loads nothing. */
        @Substitute
        static void loadNetLibrary() {}
    }
}
