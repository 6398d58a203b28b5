package io.towpath.agent.source.kube;

import java.util.regex.Pattern;

/**
 * The names of flannel's annotations on nodes (flannel's {@code pkg/subnet/kube/annotations.go}).
 *
 * @param prefix what all begin with, the separator included
 */
public record AnnotationNames(String prefix) {
    /** flannel's. */
    public static final String DEFAULT_PREFIX = "flannel.alpha.coreos.com";

    private static final Pattern PREFIX = Pattern.compile("([a-z0-9_-]+\\.)+[a-z0-9_-]+/([a-z0-9_-]+-)?");

    /** "true" when flanneld or Towpath runs the node's overlay. */
    static final String MANAGED = "kube-subnet-manager";

    static final String BACKEND_TYPE = "backend-type";
    static final String BACKEND_DATA = "backend-data";
    static final String BACKEND_V6_DATA = "backend-v6-data";
    static final String PUBLIC_IP = "public-ip";
    static final String PUBLIC_IPV6 = "public-ipv6";

    /** Inputs, which the operator writes. */
    static final String PUBLIC_IP_OVERWRITE = "public-ip-overwrite";

    static final String PUBLIC_IPV6_OVERWRITE = "public-ipv6-overwrite";
    static final String NODE_PUBLIC_IP = "node-public-ip";
    static final String NODE_PUBLIC_IPV6 = "node-public-ipv6";

    /**
     * As flanneld's {@code --kube-annotation-prefix} has it: a domain, and after a slash the beginning of the names, if any.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static AnnotationNames of(String option) {
        String prefix = option.contains("/") ? option : option + "/";
        if (!prefix.endsWith("/") && !prefix.endsWith("-")) {
            prefix += "-";
        }
        if (!PREFIX.matcher(prefix).matches()) {
            throw new IllegalArgumentException("\"" + option + "\" is no prefix of annotations such as "
                    + DEFAULT_PREFIX + " or example.com/pods");
        }
        return new AnnotationNames(prefix);
    }

    /** The whole name. */
    String full(String name) {
        return prefix + name;
    }
}
