package io.towpath.ipam;

import java.util.ArrayList;
import java.util.List;
import java.util.StringTokenizer;

/** Reads resolv.conf(5). As in the C library the last {@code domain} and the last {@code search} count. */
final class ResolvConf {
    private ResolvConf() {}

    static IpamDns parse(String text) {
        List<String> nameservers = new ArrayList<>();
        String domain = "";
        List<String> search = List.of();
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
                case "search" -> search = values;
                case "options" -> options.addAll(values);
                default -> {}
            }
        }
        return new IpamDns(List.copyOf(nameservers), domain, List.copyOf(search), List.copyOf(options));
    }
}
