package io.towpath.agent.cli;

import static io.towpath.agent.cli.Cli.text;
import static io.towpath.agent.cli.Cli.value;
import static io.towpath.agent.cli.Cli.wrong;

import io.towpath.agent.Agent;
import io.towpath.agent.cache.Cache;
import io.towpath.agent.guard.GuardPolicy;
import io.towpath.agent.http.Serving;
import io.towpath.agent.log.Log;
import io.towpath.agent.log.Uncaught;
import io.towpath.agent.overlay.OwnChoices;
import io.towpath.agent.source.ClusterSource;
import io.towpath.agent.source.PolicySource;
import io.towpath.agent.source.kube.KubernetesClusterSource;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.overlay.NodeAddresses;
import io.towpath.overlay.OverlayConfig;
import io.towpath.overlay.UnderlayChoice;
import io.towpath.policy.nft.PolicyOptions;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The command {@code agent}. Options that flanneld has, too, have its names. */
final class AgentCommand {
    private static final String METRICS_IP = "--metrics-ip";
    private static final String METRICS_PORT = "--metrics-port";
    private static final String LOG_GROUP = "--policy-log-group";

    /** Of a pod and direction: enough to see who knocks, and with 110 pods not enough to keep the agent busy. */
    private static final int LOGGED_PER_SECOND = 1;

    private static final int LOGGED_AT_ONCE = 10;

    private AgentCommand() {}

    static CommandSpec agent(PrintStream err) {
        CommandSpec command = Cli.command(
                "agent",
                "Keeps this node's overlay what the cluster says, until it is told to stop by SIGTERM.",
                options -> run(options, err));
        SourceOptions.add(command);
        command.addOption(
                text("--state-dir", "DIR", OverlayConfig.DEFAULT_STATE_DIRECTORY, "The node state's folder."));
        command.addOption(text(
                "--cache-dir",
                "DIR",
                Cache.DEFAULT_FOLDER,
                "Where what the Kubernetes API tells is kept for a boot while it is away."));
        command.addOption(text("--subnet-file", "FILE", OverlayConfig.DEFAULT_SUBNET_ENV, "flannel's subnet.env."));
        command.addOption(text(
                "--iface",
                "NAMES",
                "",
                "The interface that tunnel packets leave by, by name or address; several: a,b."));
        command.addOption(text("--iface-regex", "REGEX", "", "The same by a regular expression; several: a,b."));
        command.addOption(text("--iface-cidr", "PREFIXES", "", "The same by a prefix of its address; several: a,b."));
        command.addOption(text("--public-ip", "ADDRESS", "", "What other nodes reach this one by over IPv4."));
        command.addOption(text("--public-ipv6", "ADDRESS", "", "What other nodes reach this one by over IPv6."));
        command.addOption(text("--healthz-ip", "ADDRESS", "127.0.0.1", "Where /metrics, /healthz and /readyz are."));
        command.addOption(text("--healthz-port", "PORT", "9098", "The port of them."));
        command.addOption(text(
                METRICS_IP, "ADDRESS", "", "Where /metrics alone is, too, for who is not on the node; none if empty."));
        command.addOption(text(METRICS_PORT, "PORT", "9097", "The port of it."));
        command.addOption(
                flag("--ip-masq", "true", "Whether packets between pods and what is no pod get the node's address."));
        command.addOption(flag(
                "--masquerade-nodes",
                "true",
                "Whether packets from pods to other nodes do, too. With false, nodes and host ports see pods'"
                        + " addresses, and kube-proxy takes pods of other nodes for its own: a Service with"
                        + " externalTrafficPolicy Local answers them on every node, and without their addresses."));
        command.addOption(flag(
                "--policy",
                "true",
                "Whether the policies of the Kubernetes API are enforced; with a cluster file there are none."));
        command.addOption(text(
                LOG_GROUP,
                "GROUP",
                "8472",
                "The group of nfnetlink_log by which denied packets are told, 0 to 65535; none to tell of none."));
        command.addOption(Asking.socketOption());
        command.addOption(text(
                "--cni-conf", "FILE", "/etc/cni/net.d/10-towpath.conflist", "The conflist, for what it says of IPAM."));
        command.addOption(text("--log-format", "FORMAT", "text", "How to log: text or json."));
        command.addOption(text("--log-level", "LEVEL", "info", "The least to log: debug, info, warn or error."));
        return command;
    }

    private static Cli.Output run(ParseResult options, PrintStream err) throws Exception {
        Log log = new Log(
                err,
                choice(options, "--log-format", Log.Form.values()),
                choice(options, "--log-level", Log.Level.values()),
                Clock.systemUTC());
        Uncaught uncaught = new Uncaught(log, err, () -> Runtime.getRuntime().halt(Cli.FAILED));
        Thread.setDefaultUncaughtExceptionHandler(uncaught);
        ClusterSource source = SourceOptions.source(options, System.getenv(), log);
        PolicySource policies = isOn(options, "--policy") && source instanceof KubernetesClusterSource kubernetes
                ? kubernetes.policies()
                : null;
        Cache cache = source instanceof KubernetesClusterSource kubernetes ? cache(options, kubernetes, log) : null;
        PolicyOptions policyOptions = policyOptions(options);
        String file = value(options, "--cluster-file");
        GuardPolicy policy = new GuardPolicy(isOn(options, "--ip-masq"), isOn(options, "--masquerade-nodes"));
        OverlayConfig files = new OverlayConfig(
                        file.isEmpty() ? OverlayConfig.DEFAULT_CLUSTER_FILE : file,
                        value(options, "--state-dir"),
                        value(options, "--subnet-file"))
                .withMasquerades(policy.masquerade());
        Agent agent = new Agent(
                files,
                choices(options),
                source,
                policies == null ? null : new Agent.Policies(policies, policyOptions),
                cache,
                serving(options),
                policy,
                value(options, "--cni-conf"),
                log);
        try {
            agent.run();
        } catch (RuntimeException | Error e) {
            uncaught.uncaughtException(Thread.currentThread(), e);
            return new Cli.Output("", false);
        }
        return new Cli.Output("", true);
    }

    private static Cache cache(ParseResult options, KubernetesClusterSource source, Log log) {
        String folder = value(options, "--cache-dir");
        if (folder.isEmpty()) {
            throw wrong(options, "--cache-dir", "names no folder");
        }
        return new Cache(Path.of(folder), source.settings().node(), source::networks, log);
    }

    /** An option that is true if it is named alone, as flanneld takes them. */
    private static OptionSpec flag(String name, String otherwise, String description) {
        return OptionSpec.builder(name)
                .type(String.class)
                .arity("0..1")
                .fallbackValue("true")
                .paramLabel("BOOL")
                .defaultValue(otherwise)
                .description(description, "Default: " + otherwise)
                .build();
    }

    private static boolean isOn(ParseResult options, String name) {
        return switch (value(options, name)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw wrong(options, name, "is neither true nor false");
        };
    }

    private static Serving serving(ParseResult options) {
        return new Serving(
                port(options, "--healthz-ip", "--healthz-port"),
                value(options, METRICS_IP).isEmpty() ? null : port(options, METRICS_IP, METRICS_PORT),
                Asking.socket(options));
    }

    private static Serving.Port port(ParseResult options, String ipOption, String portOption) {
        IpAddress ip = IpAddress.tryParse(value(options, ipOption));
        if (ip == null) {
            throw wrong(options, ipOption, "is no IP address");
        }
        int port = number(value(options, portOption));
        if (port < 1 || port > 65535) {
            throw wrong(options, portOption, "is no port from 1 to 65535");
        }
        return new Serving.Port(ip, port);
    }

    private static PolicyOptions policyOptions(ParseResult options) {
        String text = value(options, LOG_GROUP);
        if (text.equals("none")) {
            return PolicyOptions.silent();
        }
        int group = number(text);
        if (group < 0 || group > 65535) {
            throw wrong(options, LOG_GROUP, "is neither a group from 0 to 65535 nor none");
        }
        return new PolicyOptions(true, group, LOGGED_PER_SECOND, LOGGED_AT_ONCE);
    }

    /** A number of at most five digits, negative if it is none. */
    private static int number(String text) {
        boolean isNumber = !text.isEmpty() && text.length() <= 5 && text.chars().allMatch(c -> c >= '0' && c <= '9');
        return isNumber ? Integer.parseInt(text) : -1;
    }

    private static <E extends Enum<E>> E choice(ParseResult options, String name, E[] values) {
        for (E value : values) {
            if (value.name().toLowerCase(Locale.ROOT).equals(value(options, name))) {
                return value;
            }
        }
        throw wrong(
                options,
                name,
                "is none of "
                        + String.join(
                                ", ",
                                Arrays.stream(values)
                                        .map(value -> value.name().toLowerCase(Locale.ROOT))
                                        .toList()));
    }

    private static OwnChoices choices(ParseResult options) {
        List<IpAddress> addresses = new ArrayList<>(2);
        for (String option : List.of("--public-ip", "--public-ipv6")) {
            addresses.addAll(
                    all(options, option, AgentCommand::host, "is no IP address that other nodes reach a host by"));
        }
        UnderlayChoice underlay = new UnderlayChoice(
                all(options, "--iface", Function.identity(), ""),
                all(options, "--iface-regex", AgentCommand::expression, "is no regular expression"),
                all(options, "--iface-cidr", IpPrefix::tryParse, "is no prefix such as 192.168.0.0/16"));
        return new OwnChoices(underlay, addresses);
    }

    private static @Nullable IpAddress host(String text) {
        IpAddress address = IpAddress.tryParse(text);
        return address != null && NodeAddresses.isOfAHost(address) ? address : null;
    }

    private static @Nullable String expression(String text) {
        try {
            return Pattern.compile(text).pattern();
        } catch (PatternSyntaxException _) {
            return null;
        }
    }

    private static <T> List<T> all(
            ParseResult options, String name, Function<String, ? extends @Nullable T> parser, String problem) {
        List<T> values = new ArrayList<>();
        for (String part : value(options, name).split(",", -1)) {
            if (!part.isBlank()) {
                T parsed = parser.apply(part.strip());
                if (parsed == null) {
                    throw wrong(options, name, problem);
                }
                values.add(parsed);
            }
        }
        return values;
    }
}
