package io.towpath.agent.status;

import java.time.Duration;

/** How long ago something was, for an operator's eyes. */
public final class Ages {
    private Ages() {}

    /** As {@code "5 min ago"}; what is to come is now. */
    public static String ago(Duration since) {
        long seconds = Math.max(0, since.toSeconds());
        if (seconds < 120) {
            return seconds + " s ago";
        }
        return seconds < 7200
                ? seconds / 60 + " min ago"
                : seconds < 172_800 ? seconds / 3600 + " h ago" : seconds / 86_400 + " days ago";
    }
}
