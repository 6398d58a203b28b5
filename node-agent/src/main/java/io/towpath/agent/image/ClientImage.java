package io.towpath.agent.image;

import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import io.netty.channel.ChannelHandler;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.AbstractQueue;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.graalvm.nativeimage.hosted.Feature;
import org.graalvm.nativeimage.hosted.RuntimeJNIAccess;
import org.graalvm.nativeimage.hosted.RuntimeReflection;

/** What the client of the Kubernetes API does by reflection, and the C libraries that are linked in. */
public final class ClientImage implements Feature {
    /** The builder has no public interface for this; {@code native-image.args} opens its package to this class. */
    private static final String LIBRARIES = "com.oracle.svm.core.jdk.PlatformNativeLibrarySupport";

    /**
     * What Jackson reads and writes; the types of their fields, and of the fields of those, come with them. The API's whole
     * model would be some ten thousand classes.
     */
    private static final List<String> BOUND = List.of(
            "io.towpath.agent.source.kube.ApiClient$Unread",
            "io.towpath.agent.source.kube.KubeNode",
            "io.towpath.agent.source.kube.KubeNodes",
            "io.towpath.agent.source.kube.KubePod",
            "io.towpath.agent.source.kube.KubePod$Items",
            "io.towpath.agent.source.kube.KubeNamespace",
            "io.towpath.agent.source.kube.KubeNamespace$Items",
            "io.towpath.agent.source.kube.KubeNetworkPolicy",
            "io.towpath.agent.source.kube.KubeNetworkPolicy$Items",
            "io.towpath.agent.source.kube.KubeClusterPolicy",
            "io.towpath.agent.source.kube.KubeClusterPolicy$Items",
            "io.fabric8.kubernetes.api.model.Config");

    /** What Netty's C code makes itself when a system call fails, by a constructor that takes a message or nothing. */
    static final List<String> THROWN = List.of(
            "io.netty.channel.ChannelException",
            "java.io.IOException",
            "java.lang.OutOfMemoryError",
            "java.lang.RuntimeException",
            "java.net.PortUnreachableException",
            "java.nio.channels.ClosedChannelException");

    /** Of these, Netty lists the methods by name. */
    private static final List<String> LISTED = List.of(
            "io.netty.util.ReferenceCountUtil",
            "io.netty.buffer.AbstractByteBufAllocator",
            "io.netty.buffer.AdvancedLeakAwareByteBuf");

    /** Netty's queues find the places of their own fields by name. */
    private static final String QUEUES = "io.netty.util.internal.shaded.org.jctools.";

    @Override
    public void duringSetup(DuringSetupAccess access) {
        try {
            Class<?> libraries = Class.forName(LIBRARIES);
            Method addPrefix = libraries.getMethod("addBuiltinPkgNativePrefix", String.class);
            Object singleton = libraries.getMethod("singleton").invoke(null);
            addPrefix.invoke(singleton, "io_towpath_linux_Native");
            addPrefix.invoke(singleton, "io_towpath_agent_image_LinkedEpoll");
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this native-image builder links no JNI libraries of an application", e);
        }
    }

    @Override
    public void beforeAnalysis(BeforeAnalysisAccess access) {
        // Netty asks each handler which of its methods only pass an event on.
        access.registerSubtypeReachabilityHandler(
                (duringAnalysis, handler) -> RuntimeReflection.registerAllMethods(handler), ChannelHandler.class);
        access.registerSubtypeReachabilityHandler(ClientImage::placesOfFields, AbstractQueue.class);
        for (String name : LISTED) {
            RuntimeReflection.registerAllDeclaredMethods(named(access, name));
        }
        Set<Class<?>> seen = new HashSet<>();
        for (String name : BOUND) {
            bind(named(access, name), seen);
        }
        for (String name : THROWN) {
            Class<?> thrown = named(access, name);
            RuntimeJNIAccess.register(thrown);
            RuntimeJNIAccess.register(thrown.getConstructors());
        }
        Class<?> logging = named(access, "io.vertx.core.logging.SLF4JLogDelegateFactory");
        RuntimeReflection.register(logging);
        RuntimeReflection.register(logging.getConstructors());
    }

    private static Class<?> named(BeforeAnalysisAccess access, String name) {
        Class<?> type = access.findClassByName(name);
        if (type == null) {
            throw new IllegalStateException("the class path has no " + name);
        }
        return type;
    }

    private static void placesOfFields(DuringAnalysisAccess access, Class<?> queue) {
        if (queue.getName().startsWith(QUEUES)) {
            for (Field field : queue.getDeclaredFields()) {
                RuntimeReflection.register(field);
                access.registerAsUnsafeAccessed(field);
            }
        }
    }

    private static void bind(Type type, Set<Class<?>> seen) {
        if (type instanceof ParameterizedType parameterized) {
            bind(parameterized.getRawType(), seen);
            for (Type argument : parameterized.getActualTypeArguments()) {
                bind(argument, seen);
            }
        }
        if (!(type instanceof Class<?> bound) || !ours(bound) || !seen.add(bound)) {
            return;
        }
        RuntimeReflection.register(bound);
        for (Constructor<?> constructor : bound.getDeclaredConstructors()) {
            RuntimeReflection.register(constructor);
        }
        RuntimeReflection.register(bound.getDeclaredMethods());
        RuntimeReflection.register(bound.getDeclaredFields());
        RuntimeReflection.registerAllRecordComponents(bound);
        helpers(bound);
        for (Method method : bound.getDeclaredMethods()) {
            helpers(method);
        }
        for (Field field : bound.getDeclaredFields()) {
            helpers(field);
            bind(field.getGenericType(), seen);
        }
        bind(bound.getGenericSuperclass(), seen);
        for (Type parent : bound.getGenericInterfaces()) {
            bind(parent, seen);
        }
    }

    /** What annotations name for Jackson to make. */
    private static void helpers(AnnotatedElement element) {
        JsonDeserialize read = element.getAnnotation(JsonDeserialize.class);
        if (read != null) {
            List.of(read.using(), read.contentUsing(), read.keyUsing(), read.converter(), read.builder())
                    .forEach(ClientImage::made);
        }
        JsonSerialize written = element.getAnnotation(JsonSerialize.class);
        if (written != null) {
            List.of(written.using(), written.contentUsing(), written.keyUsing(), written.converter())
                    .forEach(ClientImage::made);
        }
    }

    private static void made(Class<?> helper) {
        RuntimeReflection.register(helper);
        RuntimeReflection.register(helper.getDeclaredConstructors());
    }

    private static boolean ours(Class<?> type) {
        return type.getName().startsWith("io.fabric8.kubernetes.api.model.")
                || type.getName().startsWith("io.towpath.");
    }
}
