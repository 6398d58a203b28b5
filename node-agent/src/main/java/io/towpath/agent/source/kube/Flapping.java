package io.towpath.agent.source.kube;

/**
 * How long something that was lost must stand before it counts as found: the first time not at all; where it is lost again soon, longer each
 * time, so that what comes and goes each second is one trouble and not one each second. Counts by looks, a second apart.
 */
final class Flapping {
    private static final int FIRST = 2;
    private static final int LONGEST = 30;

    /** What has stood for so many looks has settled. */
    private static final int SETTLED = 60;

    private boolean troubled;
    private int wellFor = SETTLED;
    private int patience;

    /** For how many looks it must stand. */
    int patience() {
        return patience;
    }

    /** Takes what a look has found. */
    void looked(boolean now) {
        if (now && !troubled) {
            patience = wellFor >= SETTLED ? 0 : Math.clamp(2L * patience, FIRST, LONGEST);
        }
        wellFor = now ? 0 : wellFor + 1;
        troubled = now;
    }
}
