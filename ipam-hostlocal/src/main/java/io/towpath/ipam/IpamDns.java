package io.towpath.ipam;

import java.util.List;

/**
 * Name resolution as a file in the format of resolv.conf(5) has it.
 *
 * @param domain empty if there is none
 */
public record IpamDns(List<String> nameservers, String domain, List<String> search, List<String> options) {
    /** Nothing. */
    public static final IpamDns EMPTY = new IpamDns(List.of(), "", List.of(), List.of());
}
