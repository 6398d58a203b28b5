package io.towpath.cni.protocol;

import org.jspecify.annotations.Nullable;

/** What {@code CNI_COMMAND} may say (SPEC section 2, "CNI operations"). */
public enum Verb {
    ADD,
    DEL,
    CHECK,
    GC,
    STATUS,
    VERSION;

    /** Whether the verb is about one attachment: a container and an interface in it. */
    public boolean isPerAttachment() {
        return this == ADD || this == DEL || this == CHECK;
    }

    static @Nullable Verb of(String command) {
        return switch (command) {
            case "ADD" -> ADD;
            case "DEL" -> DEL;
            case "CHECK" -> CHECK;
            case "GC" -> GC;
            case "STATUS" -> STATUS;
            case "VERSION" -> VERSION;
            default -> null;
        };
    }
}
