package io.towpath.agent.source.kube;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/** The files that say who asks the API and by whom it is signed, as they were at some time. Whoever rotates them tells nobody. */
final class CredentialFiles {
    private final Map<Path, String> contents = new HashMap<>();

    /** Looks at some. */
    CredentialFiles(Collection<Path> files) {
        for (Path file : files) {
            contents.put(file, content(file));
        }
    }

    /** Whether one of them says something else now. One that cannot be read may be amid its replacement. */
    boolean areRenewed() {
        for (Map.Entry<Path, String> each : contents.entrySet()) {
            String now = content(each.getKey());
            if (!now.isEmpty() && !now.equals(each.getValue())) {
                return true;
            }
        }
        return false;
    }

    /** Empty for none; who opens a client by the file tells what is wrong with it. */
    private static String content(Path file) {
        try {
            return GivenFile.text(file);
        } catch (IOException _) {
            return "";
        }
    }
}
