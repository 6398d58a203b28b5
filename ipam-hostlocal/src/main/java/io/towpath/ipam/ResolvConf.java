package io.towpath.ipam;

import java.util.ArrayList;
import java.util.List;
import java.util.StringTokenizer;

/** Reads resolv.conf(5) as the reference plugin does: the last {@code domain} counts, and every {@code search}. */
final class ResolvConf {
    private ResolvConf() {}

    static IpamDns parse(String text) {
        List<String> nameservers = new ArrayList<>();
        String domain = "";
        List<String> search = new ArrayList<>();
        List<String> options = new ArrayList<>();
        StringTokenizer lines = new StringTokenizer(text, "\r\n");
        while (lines.hasMoreTokens()) {
            StringTokenizer words = new StringTokenizer(lines.nextToken());
            String key = words.hasMoreTokens() ? words.nextToken() : "";
            List<String> values = new ArrayList<>();
            while (words.hasMoreTokens()) {
                values.add(words.nextToken());
            }
            if (values.isEmpty()) {
                continue;
            }
            switch (key) {
                case "nameserver" -> nameservers.add(values.getFirst());
                case "domain" -> domain = values.getFirst();
                case "search" -> search.addAll(values);
                case "options" -> options.addAll(values);
                default -> {}
            }
        }
        return new IpamDns(List.copyOf(nameservers), domain, List.copyOf(search), List.copyOf(options));
    }
}
