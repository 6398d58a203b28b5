package io.towpath.ipam;

/**
 * How full a range set is.
 *
 * @param capacity the addresses that can be leased; {@link Long#MAX_VALUE} stands for any more
 * @param taken those of them that are
 */
public record RangeFill(RangeSet set, long capacity, long taken) {}
