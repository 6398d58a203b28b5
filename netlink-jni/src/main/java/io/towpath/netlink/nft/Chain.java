package io.towpath.netlink.nft;

import org.jspecify.annotations.Nullable;

/**
 * A chain.
 *
 * @param base where packets enter it, null if only by jumps
 * @param comment empty for none, at most 128 bytes
 * @param handle the kernel's number for it, 0 if it did not come from the kernel
 */
public record Chain(Table table, String name, @Nullable Base base, String comment, long handle) {
    /** Priorities with a name; lower comes first. */
    public static final int RAW = -300;

    public static final int MANGLE = -150;
    public static final int DSTNAT = -100;
    public static final int FILTER = 0;
    public static final int SECURITY = 50;
    public static final int SRCNAT = 100;

    /**
     * What makes a chain a base chain.
     *
     * @param type filter, nat or route
     * @param drop whether what no rule decided is dropped
     * @param device the device of a chain at its ingress or egress, else empty
     */
    public record Base(String type, Hook hook, int priority, boolean drop, String device) {}

    /** A chain that is entered by jumps. */
    public static Chain of(Table table, String name) {
        return new Chain(table, name, null, "", 0);
    }

    /** A base chain that accepts what no rule decides. */
    public static Chain base(Table table, String name, String type, Hook hook, int priority) {
        return new Chain(table, name, new Base(type, hook, priority, false, ""), "", 0);
    }

    /** A base chain at a device's ingress or egress. */
    public static Chain base(Table table, String name, Hook hook, String device, int priority) {
        return new Chain(table, name, new Base("filter", hook, priority, false, device), "", 0);
    }

    /**
     * The chain with another policy.
     *
     * @throws IllegalStateException if it is no base chain
     */
    public Chain withDropPolicy(boolean drop) {
        if (base == null) {
            throw new IllegalStateException("only a base chain has a policy");
        }
        Base changed = new Base(base.type, base.hook, base.priority, drop, base.device);
        return new Chain(table, name, changed, comment, handle);
    }

    /** The chain without what makes it a base chain, as it is named where it is deleted or flushed. */
    public Chain nameOnly() {
        return of(table, name);
    }

    /** Whether packets enter both at the same place, or neither; their policies may differ. */
    public boolean hasHookOf(Chain other) {
        if (base == null || other.base == null) {
            return base == null && other.base == null;
        }
        return base.equals(
                new Base(other.base.type, other.base.hook, other.base.priority, base.drop, other.base.device));
    }

    /** Whether both do the same with what no rule decides. */
    public boolean hasPolicyOf(Chain other) {
        return base == null || other.base == null || base.drop == other.base.drop;
    }

    public Chain withComment(String newComment) {
        return new Chain(table, name, base, newComment, handle);
    }

    /** As {@code nft} takes it. */
    @Override
    public String toString() {
        String text = table + " " + name;
        if (base == null) {
            return text;
        }
        String device = base.device.isEmpty() ? "" : " device " + base.device;
        return text + " { type " + base.type + " hook " + base.hook + device + " priority " + base.priority
                + "; policy " + (base.drop ? "drop" : "accept") + "; }";
    }
}
