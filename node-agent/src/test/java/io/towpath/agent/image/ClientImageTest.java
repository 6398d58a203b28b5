package io.towpath.agent.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What Netty's C code throws is there in the native executable. */
class ClientImageTest {
    private static final Pattern CLASS = Pattern.compile("(?:java|io/netty)/[A-Za-z0-9_/$]+");

    @ParameterizedTest
    @ValueSource(strings = "/META-INF/native/libnetty_transport_native_epoll_x86_64.so")
    void allThatALibraryNamesAndCanBeThrownIsRegistered(String library) throws Exception {
        TreeSet<String> thrown = new TreeSet<>();
        try (InputStream in = ClientImageTest.class.getResourceAsStream(library)) {
            assertNotNull(in);
            Matcher named = CLASS.matcher(new String(in.readAllBytes(), StandardCharsets.ISO_8859_1));
            while (named.find()) {
                String name = named.group().replace('/', '.');
                if (isThrowable(name)) {
                    thrown.add(name);
                }
            }
        }
        assertEquals(new TreeSet<>(ClientImage.THROWN), thrown);
    }

    private static boolean isThrowable(String name) {
        try {
            return Throwable.class.isAssignableFrom(Class.forName(name, false, ClientImageTest.class.getClassLoader()));
        } catch (ClassNotFoundException _) {
            return false; // a folder, or part of a signature
        }
    }

    @Test
    void eachHasAConstructorForThat() throws Exception {
        List<String> without = new ArrayList<>();
        for (String name : ClientImage.THROWN) {
            Class<?> type = Class.forName(name);
            try {
                var _ = type.getConstructor(
                        name.equals("java.nio.channels.ClosedChannelException")
                                ? new Class<?>[0]
                                : new Class<?>[] {String.class});
            } catch (NoSuchMethodException _) {
                without.add(name);
            }
        }
        assertEquals(List.of(), without);
    }
}
