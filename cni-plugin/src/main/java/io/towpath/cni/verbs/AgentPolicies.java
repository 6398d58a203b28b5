package io.towpath.cni.verbs;

import io.towpath.cni.protocol.CniArgs;
import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.JsonText;
import io.towpath.cni.protocol.PolicyConf;
import io.towpath.cni.protocol.Request;
import io.towpath.cni.wiring.Endpoint;
import io.towpath.cni.wiring.EndpointName;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** The policies as the agent enforces them: each pod is handed over to it, or to the next one if it ends meanwhile. */
public final class AgentPolicies implements PolicyGate {
    /** How much longer than the agent is told to, so that what it has to say is heard. */
    private static final int GRACE_MS = 1000;

    private static final int FIRST_PAUSE_MS = 10;
    private static final int LAST_PAUSE_MS = 100;

    private final PrintStream warnings;

    /** @param warnings receives what an operator should mend, which runtimes put into their log */
    public AgentPolicies(PrintStream warnings) {
        this.warnings = warnings;
    }

    @Override
    public void requirePod(Request request) throws CniException {
        CniArgs args = request.args();
        if (request.conf().policy() != null && !EndpointName.isPod(args.podNamespace(), args.podName())) {
            throw new CniException(
                    CniException.INVALID_ENVIRONMENT,
                    "invalid CNI_ARGS",
                    "K8S_POD_NAMESPACE and K8S_POD_NAME are missing, without which no policy can be found: set them, or remove"
                            + " \"policy\" from this network");
        }
    }

    @Override
    public void await(Request request, Endpoint endpoint) throws PolicyException {
        PolicyConf conf = request.conf().policy();
        if (conf == null) {
            return;
        }
        String why = handOver(conf, request, endpoint);
        if (why == null) {
            return;
        }
        String message = "the policies of pod " + request.args().podNamespace() + "/"
                + request.args().podName() + " are not in force";
        if (!conf.isOptional()) {
            throw new PolicyException(message, why);
        }
        warnings.println("towpath: " + message + ": " + why);
    }

    /** Null when they are in force, else why not. */
    private static @Nullable String handOver(PolicyConf conf, Request request, Endpoint endpoint) {
        AgentSocket agent = new AgentSocket(conf.socket());
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(conf.waitSeconds());
        int left = (int) TimeUnit.SECONDS.toMillis(conf.waitSeconds());
        for (int pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LAST_PAUSE_MS)) {
            AgentSocket.Answer answer = agent.ask(question(request, endpoint, left), left + GRACE_MS);
            if (answer.status() == AgentSocket.NO_CONTENT) {
                return null;
            }
            left = millisUntil(end);
            if (!answer.mayImprove() || left <= 0) {
                return answer.line();
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(Math.min(pause, left)));
            left = Math.max(1, millisUntil(end));
        }
    }

    private static int millisUntil(long end) {
        return (int) TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
    }

    private static byte[] question(Request request, Endpoint endpoint, int waitMilliseconds) {
        List<String> addresses = new ArrayList<>(2);
        endpoint.addresses().forEach(address -> addresses.add(address.toString()));
        byte[] body = new JsonText()
                .beginObject()
                .field("namespace", request.args().podNamespace())
                .field("name", request.args().podName())
                .optional("uid", request.args().podUid())
                .field("link", endpoint.hostName())
                .optional("addresses", addresses)
                .field("waitMilliseconds", (long) waitMilliseconds)
                .endObject()
                .bytes();
        return AgentSocket.post("/policy/endpoints", body);
    }

    @Override
    public boolean isDeleted(Request request, String hostName) {
        PolicyConf conf = request.conf().policy();
        return conf != null
                && new AgentSocket(conf.socket())
                                .ask(AgentSocket.get("/policy/pods?link=" + hostName), GRACE_MS)
                                .status()
                        == AgentSocket.GONE;
    }
}
