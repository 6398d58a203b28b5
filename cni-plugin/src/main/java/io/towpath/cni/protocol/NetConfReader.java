package io.towpath.cni.protocol;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.ipam.Attachment;
import io.towpath.net.MacAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes a {@link NetConf} of a document. DEL must take down an attachment whatever has become of its configuration, so for
 * DEL a key that is not understood is a warning and counts as absent; for every other verb it is an error.
 */
final class NetConfReader {
    private static final int MIN_MTU = 68;
    private static final int MAX_MTU = 65_535;
    private static final List<String> POLICY_KEYS = List.of("type", "socket", "waitSeconds", "onFailure");
    private static final String IPAM_TYPE = "host-local";
    private static final String INCLUDE_DEFAULT_ROUTES = "include_default_routes";
    private static final String VALID_ATTACHMENTS = "cni.dev/valid-attachments";
    private static final String VALID_ATTACHMENTS_OLD = "cni.dev/attachments";

    private final Verb verb;
    private final Fields conf;
    private final List<String> warnings;

    private NetConfReader(Verb verb, Fields conf, List<String> warnings) {
        this.verb = verb;
        this.conf = conf;
        this.warnings = warnings;
    }

    private interface Part<T> {
        @Nullable
        T read() throws CniException;
    }

    /**
     * Reads the configuration of a request.
     *
     * @param version the version of the configuration, already found good
     * @param name the network's name, already found good
     * @param warnings receives what DEL makes do without
     */
    static NetConf read(Verb verb, String version, String name, ObjectNode tree, CniArgs cniArgs, List<String> warnings)
            throws CniException {
        return new NetConfReader(verb, new Fields(tree, ""), warnings).read(version, name, cniArgs);
    }

    private NetConf read(String version, String name, CniArgs cniArgs) throws CniException {
        part(this::requireShape);
        if (verb == Verb.ADD || verb == Verb.CHECK || verb == Verb.STATUS) {
            refuseMistyped(conf);
            refuseMistyped(conf.object("ipam"));
            refuseUnsupported();
        }
        return new NetConf(
                version,
                name,
                part(() -> conf.text("type"), ""),
                part(this::mtu, 0),
                part(() -> conf.path("clusterFile", NetConf.DEFAULT_CLUSTER_FILE), NetConf.DEFAULT_CLUSTER_FILE),
                part(() -> conf.path("stateDir", NetConf.DEFAULT_STATE_DIR), NetConf.DEFAULT_STATE_DIR),
                part(() -> conf.path("subnetEnv", NetConf.DEFAULT_SUBNET_ENV), NetConf.DEFAULT_SUBNET_ENV),
                part(() -> conf.flag(INCLUDE_DEFAULT_ROUTES), false),
                part(() -> ResultReader.readDns(conf.object("dns")), Dns.EMPTY),
                part(this::runtimeConfig, RuntimeConfig.EMPTY),
                part(() -> mac(cniArgs)),
                verb == Verb.ADD || verb == Verb.STATUS ? policy() : null,
                verb.isPerAttachment() ? part(this::prevResult) : null,
                verb == Verb.GC ? validAttachments() : null,
                conf.node());
    }

    private <T> T part(Part<T> part, T otherwise) throws CniException {
        T value = part(part);
        return value == null ? otherwise : value;
    }

    private <T> @Nullable T part(Part<T> part) throws CniException {
        try {
            return part.read();
        } catch (CniException e) {
            if (verb != Verb.DEL) {
                throw e;
            }
            warnings.add(e.msg());
            return null;
        }
    }

    /** The types of what is not read here but by the IPAM or not at all. */
    private @Nullable Object requireShape() throws CniException {
        conf.object("capabilities").requireFlags();
        conf.object("ipam").text("type");
        conf.object("runtimeConfig").array("ipRanges");
        conf.object("args").object("cni").texts("ips");
        return null;
    }

    private int mtu() throws CniException {
        long mtu = conf.number("mtu", 0, MAX_MTU, 0);
        if (mtu != 0 && mtu < MIN_MTU) {
            throw conf.invalid("mtu", "must be 0 or between " + MIN_MTU + " and " + MAX_MTU);
        }
        return (int) mtu;
    }

    private RuntimeConfig runtimeConfig() throws CniException {
        Fields runtime = conf.object("runtimeConfig");
        Fields dns = runtime.object("dns");
        return new RuntimeConfig(
                runtime.texts("ips"),
                runtime.mac("mac"),
                new Dns(dns.texts("servers"), "", dns.texts("searches"), dns.texts("options")),
                runtime.texts("aliases"),
                CapabilityReader.portMappings(runtime),
                CapabilityReader.bandwidth(runtime));
    }

    private @Nullable MacAddress mac(CniArgs cniArgs) throws CniException {
        MacAddress byCapability = conf.object("runtimeConfig").mac("mac");
        MacAddress byArgs = conf.object("args").object("cni").mac("mac");
        if (byCapability != null || byArgs != null) {
            return byCapability != null ? byCapability : byArgs;
        }
        return cniArgs.mac();
    }

    private @Nullable PolicyConf policy() throws CniException {
        if (!conf.has("policy")) {
            return null;
        }
        Fields policy = conf.object("policy");
        for (String key : (Iterable<String>) policy.node()::fieldNames) {
            if (!POLICY_KEYS.contains(key)) {
                throw policy.invalid(key, "is not known: there are " + String.join(", ", POLICY_KEYS));
            }
        }
        if (!policy.text("type").equals("k8s")) {
            throw policy.invalid("type", "must be \"k8s\"");
        }
        String onFailure = policy.text("onFailure");
        if (!onFailure.isEmpty() && !onFailure.equals("fail") && !onFailure.equals("continue")) {
            throw policy.invalid("onFailure", "must be \"fail\" or \"continue\", not " + Quoted.text(onFailure));
        }
        return new PolicyConf(
                policy.path("socket", PolicyConf.DEFAULT_SOCKET),
                (int) policy.number("waitSeconds", 1, PolicyConf.LONGEST_WAIT_SECONDS, PolicyConf.DEFAULT_WAIT_SECONDS),
                onFailure.equals("continue"));
    }

    private @Nullable Result prevResult() throws CniException {
        if (conf.has("prevResult")) {
            return ResultReader.read(conf.object("prevResult"));
        }
        if (verb == Verb.CHECK) {
            throw new CniException(CniException.INVALID_CONFIG, "Required prevResult missing");
        }
        return null;
    }

    private @Nullable Set<Attachment> validAttachments() throws CniException {
        String key = conf.has(VALID_ATTACHMENTS) ? VALID_ATTACHMENTS : VALID_ATTACHMENTS_OLD;
        if (!conf.has(key)) {
            return null;
        }
        Set<Attachment> attachments = new HashSet<>();
        for (Fields each : conf.objects(key)) {
            attachments.add(new Attachment(required(each, "containerID"), required(each, "ifname")));
        }
        return attachments;
    }

    private static String required(Fields fields, String key) throws CniException {
        String text = fields.text(key);
        if (text.isEmpty()) {
            throw fields.invalid(key, "is missing");
        }
        return text;
    }

    /** What an operator mistyped would have no effect. Keys that are like none of ours may be for other plugins. */
    private static void refuseMistyped(Fields object) throws CniException {
        for (String key : (Iterable<String>) object.node()::fieldNames) {
            String meant = ConfigKeys.isKnown(key) ? null : ConfigKeys.meantBy(key);
            if (meant != null) {
                throw object.invalid(key, "is not known: write " + Quoted.text(meant) + ", if that is what is meant");
            }
        }
    }

    /** What a pod asks for in vain is refused, for a pod that runs without it is found out about much later. */
    private void refuseUnsupported() throws CniException {
        String ipam = conf.object("ipam").text("type");
        if (!ipam.isEmpty() && !ipam.equals(IPAM_TYPE)) {
            throw new CniException(
                    CniException.UNSUPPORTED_FIELD,
                    "unsupported field ipam.type: " + Quoted.text(ipam),
                    "say " + Quoted.text(IPAM_TYPE)
                            + ": this plugin manages addresses itself, in the store of that one");
        }
        if (conf.flag("ipMasq")) {
            throw new CniException(
                    CniException.UNSUPPORTED_FIELD,
                    "unsupported field ipMasq: true",
                    "remove \"ipMasq\" from this network: masquerading is not done by this plugin");
        }
    }
}
