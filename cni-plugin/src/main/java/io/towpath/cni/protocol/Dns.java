package io.towpath.cni.protocol;

import java.util.List;

/**
 * Name resolution as configured or as a result carries it. The texts are handed through as they came.
 *
 * @param nameservers addresses in order of preference
 * @param domain the local domain, or an empty text
 * @param search search domains in order of preference
 * @param options resolver options
 */
public record Dns(List<String> nameservers, String domain, List<String> search, List<String> options) {
    public static final Dns EMPTY = new Dns(List.of(), "", List.of(), List.of());

    public Dns {
        nameservers = List.copyOf(nameservers);
        search = List.copyOf(search);
        options = List.copyOf(options);
    }

    public boolean isEmpty() {
        return nameservers.isEmpty() && domain.isEmpty() && search.isEmpty() && options.isEmpty();
    }
}
