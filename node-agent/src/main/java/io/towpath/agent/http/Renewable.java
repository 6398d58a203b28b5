package io.towpath.agent.http;

import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import org.jspecify.annotations.Nullable;

/** Something to be listened to that may be missing, from the beginning or later, and is looked at twice a second. */
interface Renewable {
    /** What it is called in the log. */
    String name();

    /**
     * Makes it if it is not there.
     *
     * @return what is to be listened to from now on; null if all is as it was
     * @throws IOException with one line if it cannot be made
     */
    @Nullable
    ServerSocketChannel renewed() throws IOException;
}
