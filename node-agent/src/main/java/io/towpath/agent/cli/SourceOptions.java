package io.towpath.agent.cli;

import static io.towpath.cni.cli.Cli.text;
import static io.towpath.cni.cli.Cli.value;
import static io.towpath.cni.cli.Cli.wrong;

import io.towpath.agent.log.Log;
import io.towpath.agent.log.slf4j.LibraryLog;
import io.towpath.agent.source.ClusterSource;
import io.towpath.agent.source.FileClusterSource;
import io.towpath.agent.source.kube.AnnotationNames;
import io.towpath.agent.source.kube.ApiAccess;
import io.towpath.agent.source.kube.KubeSettings;
import io.towpath.agent.source.kube.KubernetesClusterSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** Where the agent learns of the cluster: a cluster file when one is named, else the Kubernetes API. */
final class SourceOptions {
    private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

    private SourceOptions() {}

    static void add(CommandSpec command) {
        command.addOption(
                text("--cluster-file", "FILE", "", "The cluster file to go by instead of the Kubernetes API."));
        command.addOption(text(
                "--net-config-path", "FILE", "/etc/kube-flannel/net-conf.json", "flannel's network configuration."));
        addAccess(command);
    }

    /** The options that say which node this is in which API, and what is written there. */
    static void addAccess(CommandSpec command) {
        command.addOption(text("--node-name", "NAME", "", "This node's name: else $NODE_NAME, else the host's."));
        command.addOption(text("--kubeconfig-file", "FILE", "", "A kubeconfig, instead of the pod's service account."));
        command.addOption(text(
                "--kube-api-url",
                "URL",
                "",
                "The Kubernetes API, instead of the kubeconfig's; without one, nobody signs in there."));
        command.addOption(text(
                "--kube-annotation-prefix", "PREFIX", AnnotationNames.DEFAULT_PREFIX, "What annotations begin with."));
        command.addOption(text(
                "--set-node-network-unavailable", "BOOL", "true", "Whether to set the node's NetworkUnavailable."));
    }

    static ClusterSource source(ParseResult options, Map<String, String> environment, Log log) {
        String file = value(options, "--cluster-file");
        if (!file.isEmpty()) {
            return new FileClusterSource(file);
        }
        LibraryLog.to(log);
        return new KubernetesClusterSource(
                new KubeSettings(
                        access(options, environment),
                        node(options, environment),
                        Path.of(value(options, "--net-config-path")),
                        names(options),
                        condition(options)),
                log);
    }

    static ApiAccess access(ParseResult options, Map<String, String> environment) {
        try {
            return ApiAccess.of(value(options, "--kube-api-url"), value(options, "--kubeconfig-file"), environment);
        } catch (IllegalArgumentException e) {
            throw wrong(options, "--kubeconfig-file", "is needed: " + e.getMessage());
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
        String name = value(options, "--node-name");
        if (name.isEmpty()) {
            name = environment.getOrDefault("NODE_NAME", "");
        }
        try {
            return name.isEmpty() ? Files.readString(HOST_NAME).strip() : name;
        } catch (IOException e) {
            throw wrong(options, "--node-name", "is needed: the host's name cannot be read: " + e);
        }
    }
}
