package io.towpath.cni.image;

import java.lang.reflect.Method;
import org.graalvm.nativeimage.hosted.Feature;

/**
 * Has the native methods of {@link io.towpath.linux.Native} linked with the executable, as the JDK's own are, instead
 * of looked up in a library that is loaded when it runs.
 */
public final class LinkedLibrary implements Feature {
    /** The builder has no public interface for this; {@code native-image.args} opens its package to this class. */
    private static final String LIBRARIES = "com.oracle.svm.core.jdk.PlatformNativeLibrarySupport";

    @Override
    public void duringSetup(DuringSetupAccess access) {
        try {
            Class<?> libraries = Class.forName(LIBRARIES);
            Method addPrefix = libraries.getMethod("addBuiltinPkgNativePrefix", String.class);
            addPrefix.invoke(libraries.getMethod("singleton").invoke(null), "io_towpath_linux_Native");
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this native-image builder links no JNI libraries of an application", e);
        }
    }
}
