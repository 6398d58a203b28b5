package io.towpath.agent.cli;

import static io.towpath.agent.cli.Cli.text;
import static io.towpath.agent.cli.Cli.value;
import static io.towpath.agent.cli.Cli.wrong;

import io.towpath.agent.log.Log;
import io.towpath.agent.log.slf4j.LibraryLog;
import io.towpath.agent.source.ClusterSource;
import io.towpath.agent.source.FileClusterSource;
import io.towpath.agent.source.kube.AnnotationNames;
import io.towpath.agent.source.kube.ApiAccess;
import io.towpath.agent.source.kube.KubeSettings;
import io.towpath.agent.source.kube.KubernetesClusterSource;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Where the agent learns of the cluster: a cluster file when one is named, else the Kubernetes API. */
final class SourceOptions {
    private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");
    private static final String CLUSTER_FILE = "--cluster-file";
    private static final String NODE_NAME = "--node-name";
    private static final String KUBECONFIG = "--kubeconfig-file";
    private static final String API_URL = "--kube-api-url";

    /** What a cluster file says by itself, and by which key: beside it, these options would not be heeded. */
    private static final Map<String, String> KEYS = new TreeMap<>(Map.of(
            NODE_NAME,
            "node",
            "--iface",
            "interface",
            "--iface-regex",
            "interfaceRegex",
            "--iface-cidr",
            "interfaceCidr",
            "--public-ip",
            "nodes[].addresses",
            "--public-ipv6",
            "nodes[].addresses"));

    private SourceOptions() {}

    static void add(CommandSpec command) {
        command.addOption(text(CLUSTER_FILE, "FILE", "", "The cluster file to go by instead of the Kubernetes API."));
        command.addOption(text(
                "--net-config-path", "FILE", "/etc/kube-flannel/net-conf.json", "flannel's network configuration."));
        addAccess(command);
    }

    /** The options that say which node this is in which API, and what is written there. */
    static void addAccess(CommandSpec command) {
        command.addOption(text(NODE_NAME, "NAME", "", "This node's name: else $NODE_NAME, else the host's."));
        command.addOption(text(KUBECONFIG, "FILE", "", "A kubeconfig, instead of the pod's service account."));
        command.addOption(text(
                API_URL,
                "URL",
                "",
                "The Kubernetes API, instead of the kubeconfig's; without one, nobody signs in there."));
        command.addOption(text(
                "--kube-annotation-prefix", "PREFIX", AnnotationNames.DEFAULT_PREFIX, "What annotations begin with."));
        command.addOption(text(
                "--set-node-network-unavailable", "BOOL", "true", "Whether to set the node's NetworkUnavailable."));
    }

    static ClusterSource source(ParseResult options, Map<String, String> environment, Log log) {
        String file = value(options, CLUSTER_FILE);
        if (!file.isEmpty()) {
            requireNoOtherSource(options);
            return new FileClusterSource(file);
        }
        LibraryLog.to(log);
        return new KubernetesClusterSource(
                new KubeSettings(
                        access(options, environment, ", or a cluster file with " + CLUSTER_FILE),
                        node(options, environment),
                        Path.of(value(options, "--net-config-path")),
                        names(options),
                        condition(options)),
                log);
    }

    private static void requireNoOtherSource(ParseResult options) {
        for (Map.Entry<String, String> each : KEYS.entrySet()) {
            if (options.hasMatchedOption(each.getKey())) {
                throw wrong(
                        options,
                        each.getKey(),
                        "is not heeded with " + CLUSTER_FILE + ": say it in the file, by the key " + each.getValue());
            }
        }
        for (String option : List.of(KUBECONFIG, API_URL)) {
            if (options.hasMatchedOption(option)) {
                throw wrong(options, option, "is not heeded with " + CLUSTER_FILE + ": leave one of them out");
            }
        }
    }

    /** @param otherwise what else there is to do where nothing says where the API is */
    static ApiAccess access(ParseResult options, Map<String, String> environment, String otherwise) {
        String url = value(options, API_URL);
        if (!url.isEmpty() && !isUrl(url)) {
            throw wrong(options, API_URL, "is no URL such as https://192.168.0.1:6443");
        }
        try {
            return ApiAccess.of(url, value(options, KUBECONFIG), environment);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(options.commandSpec().commandLine(), e.getMessage() + otherwise, e);
        }
    }

    private static boolean isUrl(String text) {
        try {
            URI url = new URI(text);
            return url.getAuthority() != null
                    && ("https".equalsIgnoreCase(url.getScheme()) || "http".equalsIgnoreCase(url.getScheme()));
        } catch (URISyntaxException _) {
            return false;
        }
    }

    static AnnotationNames names(ParseResult options) {
        try {
            return AnnotationNames.of(value(options, "--kube-annotation-prefix"));
        } catch (IllegalArgumentException _) {
            throw wrong(
                    options,
                    "--kube-annotation-prefix",
                    "is no prefix such as " + AnnotationNames.DEFAULT_PREFIX + " or example.com/pods");
        }
    }

    static boolean condition(ParseResult options) {
        return switch (value(options, "--set-node-network-unavailable")) {
            case "true" -> true;
            case "false" -> false;
            default -> throw wrong(options, "--set-node-network-unavailable", "is neither true nor false");
        };
    }

    static String node(ParseResult options, Map<String, String> environment) {
        String name = value(options, NODE_NAME);
        if (name.isEmpty()) {
            name = environment.getOrDefault("NODE_NAME", "");
        }
        try {
            return name.isEmpty() ? Files.readString(HOST_NAME).strip() : name;
        } catch (IOException e) {
            throw wrong(options, NODE_NAME, "is needed: the host's name cannot be read: " + e);
        }
    }
}
