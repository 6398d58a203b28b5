package io.towpath.agent.cache;

import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Which kept facts are those that were last put into force: a file beside the node state, which a reboot empties as it does the kernel.
 * It is removed before any others can be in force, so where it is there it is right, whenever the agent died.
 */
final class InForceMark {
    private static final String NAME = "policy-facts.id";
    private static final int MODE = 0x180; // 0600
    private static final int FOLDER_MODE = 0x1ed; // 0755
    private static final int LIMIT = 4096;

    private final String folder;

    /** What may be there is unknown at first. */
    private boolean mayBeThere = true;

    InForceMark(String folder) {
        this.folder = folder;
    }

    /** The id that it says; null for none. */
    @Nullable
    String read() throws LinuxException {
        byte[] content = Linux.readFile(folder + "/" + NAME, LIMIT);
        return content == null ? null : new String(content, StandardCharsets.UTF_8);
    }

    void set(String id) throws LinuxException {
        mayBeThere = true;
        Linux.makeDirectories(folder, FOLDER_MODE);
        Linux.publish(folder, NAME, id.getBytes(StandardCharsets.UTF_8), MODE);
    }

    void clear() throws LinuxException {
        if (mayBeThere) {
            Linux.unlink(folder + "/" + NAME);
            mayBeThere = false;
        }
    }
}
