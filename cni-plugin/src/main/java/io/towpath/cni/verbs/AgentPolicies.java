package io.towpath.cni.verbs;

import io.towpath.cni.protocol.CniArgs;
import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.JsonText;
import io.towpath.cni.protocol.PolicyConf;
import io.towpath.cni.protocol.Request;
import io.towpath.cni.wiring.Endpoint;
import io.towpath.cni.wiring.EndpointName;
import io.towpath.linux.Errno;
import io.towpath.linux.LinuxException;
import io.towpath.linux.UnixSocket;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The policies as the agent enforces them: each pod is handed over to it by its unix socket, over HTTP/1.1. */
public final class AgentPolicies implements PolicyGate {
    private static final int MAX_ANSWER = 16 << 10;
    private static final int MILLIS = 1000;

    /** How much longer than the agent is told to, so that what it has to say is heard. */
    private static final int GRACE_SECONDS = 1;

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
        String why = ask(conf, request, endpoint);
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
    private static @Nullable String ask(PolicyConf conf, Request request, Endpoint endpoint) {
        byte[] answer;
        try {
            answer = UnixSocket.ask(
                    conf.socket(),
                    question(request, endpoint, conf.waitSeconds()),
                    MAX_ANSWER,
                    (conf.waitSeconds() + GRACE_SECONDS) * MILLIS);
        } catch (LinuxException e) {
            return reason(conf, e);
        }
        return reason(conf, new String(answer, StandardCharsets.UTF_8));
    }

    private static byte[] question(Request request, Endpoint endpoint, int waitSeconds) {
        List<String> addresses = new ArrayList<>(2);
        endpoint.addresses().forEach(address -> addresses.add(address.toString()));
        byte[] body = new JsonText()
                .beginObject()
                .field("namespace", request.args().podNamespace())
                .field("name", request.args().podName())
                .optional("uid", request.args().podUid())
                .field("link", endpoint.hostName())
                .optional("addresses", addresses)
                .field("waitMilliseconds", (long) waitSeconds * MILLIS)
                .endObject()
                .bytes();
        byte[] head =
                ("POST /policy/endpoints HTTP/1.1\r\nHost: towpath\r\nContent-Type: application/json\r\nContent-Length: "
                                + body.length + "\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII);
        byte[] all = new byte[head.length + body.length];
        System.arraycopy(head, 0, all, 0, head.length);
        System.arraycopy(body, 0, all, head.length, body.length);
        return all;
    }

    /** What an answer of the agent says against the pod; null for nothing. */
    private static @Nullable String reason(PolicyConf conf, String answer) {
        int body = answer.indexOf("\r\n\r\n");
        if (answer.startsWith("HTTP/1.1 204 ")) {
            return null;
        }
        String line = body < 0 ? "" : answer.substring(body + 4).strip();
        boolean isAgents = answer.startsWith("HTTP/1.1 503 ")
                || answer.startsWith("HTTP/1.1 404 ")
                || answer.startsWith("HTTP/1.1 400 ");
        if (isAgents && !line.isEmpty()) {
            return line;
        }
        return "what listens at " + conf.socket() + " is no agent, or has ended: it answers \""
                + answer.lines().findFirst().orElse("") + "\"";
    }

    private static String reason(PolicyConf conf, LinuxException e) {
        if (isNobody(e)) {
            return "no agent listens at " + conf.socket() + ": is towpath-node running?";
        }
        if (e.is(Errno.ETIMEDOUT)) {
            return "the agent at " + conf.socket() + " has not answered in " + (conf.waitSeconds() + GRACE_SECONDS)
                    + " s: is it stopped?";
        }
        return String.valueOf(e.getMessage());
    }

    private static boolean isNobody(LinuxException e) {
        return e.is(Errno.ENOENT) || e.is(Errno.ECONNREFUSED);
    }

    @Override
    public void requireReady(Request request) throws CniException {
        PolicyConf conf = request.conf().policy();
        if (conf == null || conf.isOptional()) {
            return;
        }
        try {
            UnixSocket.ask(conf.socket(), new byte[0], 1, 0);
        } catch (LinuxException e) {
            // That nothing is answered to nothing is well.
            if (!e.is(Errno.ETIMEDOUT)) {
                throw new CniException(CniException.NOT_AVAILABLE, reason(conf, e), "", e);
            }
        }
    }
}
