package io.towpath.lab.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import io.towpath.lab.api.ApiServer;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;

/** Lists and events of an API that are longer than any API server's, made as they are sent. What is not named here, the lab's server answers. */
final class HugeApi implements ApiServer.Fault {
    static final String NODES = "/api/v1/nodes";
    static final String PODS = "/api/v1/pods";
    static final String NAMESPACES = "/api/v1/namespaces";
    static final String POLICIES = "/apis/networking.k8s.io/v1/networkpolicies";

    /** A rule of a policy as people write them. */
    static final String RULE =
            "{'from':[{'podSelector':{'matchLabels':{'app':'shop'}}},{'ipBlock':{'cidr':'10.8.0.0/16'}}],"
                    + "'ports':[{'protocol':'TCP','port':80}]}";

    private static final int MIB = 1 << 20;
    private static final int BUFFER = 1 << 16;
    private static final Map<String, String> KINDS = Map.of(
            NODES, "'kind':'Node','apiVersion':'v1'",
            PODS, "'kind':'Pod','apiVersion':'v1'",
            NAMESPACES, "'kind':'Namespace','apiVersion':'v1'",
            POLICIES, "'kind':'NetworkPolicy','apiVersion':'networking.k8s.io/v1'");

    private final Map<String, Listed> lists = new HashMap<>();
    private final Map<String, Reply> watches = new HashMap<>();
    private final Map<String, Reply> instead = new HashMap<>();
    private final AtomicLong asked = new AtomicLong();
    private final String self;
    private volatile boolean streams;

    /** @param self the object of the node that asks, which is the first of all lists of nodes */
    HugeApi(ObjectNode self) {
        this.self = self.toString();
    }

    /** @param item an object without its kind, by its number from 0; in single quotes */
    private record Listed(int count, IntFunction<String> item) {}

    /** What an answer is written by, after its head. */
    @FunctionalInterface
    interface Reply {
        void write(OutputStream out) throws IOException;
    }

    /**
     * With a list at a path.
     *
     * @param count of how many objects
     * @param item the object of a number, without its kind, in single quotes
     */
    HugeApi list(String path, int count, IntFunction<String> item) {
        lists.put(path, new Listed(count, item));
        return this;
    }

    /** With its lists as initial events of a watch, for who asks for that; else that is refused. */
    HugeApi streaming() {
        streams = true;
        return this;
    }

    /** With something that is sent by whoever watches what is at a path. */
    HugeApi watch(String path, Reply reply) {
        watches.put(path, reply);
        return this;
    }

    /** With something that is sent in the place of a list. */
    HugeApi instead(String path, Reply reply) {
        instead.put(path, reply);
        return this;
    }

    /** How many answers it has begun. */
    long asked() {
        return asked.get();
    }

    /** So many MiB of a letter. */
    static Reply mebibytes(int count) {
        return out -> {
            byte[] some = "x".repeat(MIB).getBytes(StandardCharsets.UTF_8);
            for (int i = 0; i < count; i++) {
                out.write(some);
            }
        };
    }

    @Override
    public boolean answers(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        Map<String, String> query = new HashMap<>();
        for (String each : String.valueOf(exchange.getRequestURI().getQuery()).split("&", -1)) {
            query.put(each.replaceFirst("=.*", ""), each.replaceFirst("[^=]*=?", ""));
        }
        boolean isWatch = query.containsKey("watch");
        Reply reply = (isWatch ? watches : instead).get(path);
        if (reply == null && !lists.containsKey(path)) {
            return false;
        }
        asked.incrementAndGet();
        try (exchange) {
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, 0);
            try (OutputStream out = new BufferedOutputStream(exchange.getResponseBody(), BUFFER)) {
                if (reply != null) {
                    reply.write(out);
                } else if (isWatch && streams && query.containsKey("sendInitialEvents")) {
                    initialEvents(path, out);
                } else if (isWatch) {
                    bookmarks(path, query.getOrDefault("resourceVersion", ""), out);
                } else {
                    page(path, query, out);
                }
            }
        }
        return true;
    }

    private void page(String path, Map<String, String> query, OutputStream out) throws IOException {
        Listed list = Objects.requireNonNull(lists.get(path));
        String kind = Objects.requireNonNull(KINDS.get(path));
        int from = Integer.parseInt(query.getOrDefault("continue", "0"));
        int to = Math.min(list.count, from + Integer.parseInt(query.getOrDefault("limit", "500")));
        String more = to < list.count ? ",'continue':'" + to + "'" : "";
        print(out, "{" + kind.replace("','api", "List','api") + ",'metadata':{'resourceVersion':'1'" + more);
        print(out, "},'items':[");
        String comma = "";
        if (path.equals(NODES) && from == 0) {
            print(out, self);
            comma = ",";
        }
        for (int i = from; i < to; i++) {
            print(out, comma + "{" + list.item.apply(i) + "}");
            comma = ",";
        }
        print(out, "]}");
    }

    private void initialEvents(String path, OutputStream out) throws IOException {
        Listed list = Objects.requireNonNull(lists.get(path));
        String kind = Objects.requireNonNull(KINDS.get(path));
        if (path.equals(NODES)) {
            print(out, "{'type':'ADDED','object':" + self + "}\n");
        }
        for (int i = 0; i < list.count; i++) {
            print(out, "{'type':'ADDED','object':{" + kind + "," + list.item.apply(i) + "}}\n");
        }
        print(
                out,
                "{'type':'BOOKMARK','object':{" + kind + ",'metadata':{'resourceVersion':'1',"
                        + "'annotations':{'k8s.io/initial-events-end':'true'}}}}\n");
        out.flush();
        bookmarks(path, "1", out);
    }

    private static void bookmarks(String path, String from, OutputStream out) throws IOException {
        if (!from.equals("1")) {
            print(out, "{'type':'ERROR','object':{'kind':'Status','apiVersion':'v1','code':410,'message':'gone'}}\n");
            return;
        }
        while (!Thread.currentThread().isInterrupted()) {
            print(out, "{'type':'BOOKMARK','object':{" + KINDS.get(path) + ",'metadata':{'resourceVersion':'1'}}}\n");
            out.flush();
            LockSupport.parkNanos(1_000_000_000L);
        }
    }

    static void print(OutputStream out, String text) throws IOException {
        out.write(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
    }

    /** The metadata of an object. */
    static String metadata(String namespace, String name, String labels, String annotations) {
        return "'metadata':{'name':'" + name + "','uid':'uid-" + name + "','resourceVersion':'1'"
                + (namespace.isEmpty() ? "" : ",'namespace':'" + namespace + "'") + ",'labels':{" + labels
                + "},'annotations':{" + annotations + "}}";
    }

    /** Labels, none of which another number has. */
    static String labels(int count, int number) {
        StringBuilder labels = new StringBuilder();
        for (int i = 0; i < count; i++) {
            labels.append(i == 0 ? "'" : ",'")
                    .append("example.com/label-" + i + "':'value-" + i + "-of-" + number + "'");
        }
        return labels.toString();
    }

    /** A node with a VTEP, and with an annotation of so many bytes that nobody asks for. */
    static String node(int number, int annotation) {
        String high = (number >> 8 & 0xff) + "";
        String low = (number & 0xff) + "";
        String flannel = "'flannel.alpha.coreos.com/";
        return metadata(
                        "",
                        "peer-" + number,
                        "",
                        flannel + "kube-subnet-manager':'true'," + flannel + "backend-type':'vxlan'," + flannel
                                + "backend-data':'{\\'VNI\\':1,\\'VtepMAC\\':\\'02:00:00:00:%02x:%02x\\'}',"
                                        .formatted(number >> 8 & 0xff, number & 0xff)
                                + flannel + "public-ip':'172.16." + high + "." + low + "','example.com/long':'"
                                + "x".repeat(annotation) + "'")
                + ",'spec':{'podCIDR':'10." + (128 + (number >> 8 & 0x3f)) + "." + low
                + ".0/24'},'status':{'conditions':["
                + "{'type':'Ready','status':'True'}]}";
    }

    /** A pod of another node. */
    static String pod(int number, int labels) {
        String ip = "10." + (200 + (number >> 16)) + "." + (number >> 8 & 0xff) + "." + (number & 0xff);
        return metadata("lab", "pod-" + number, labels(labels, number), "")
                + ",'spec':{'nodeName':'other','containers':[{'name':'main'}]},'status':{'phase':'Running','podIP':'"
                + ip + "','podIPs':[{'ip':'" + ip + "'}]}";
    }

    /** A namespace with labels of its own. */
    static String namespace(int number, int labels) {
        return metadata("", "space-" + number, labels(labels, number), "");
    }

    /** A policy with so many rules. */
    static String policy(int number, int rules, String rule) {
        return metadata("lab", "policy-" + number, "", "") + ",'spec':{'podSelector':{'matchLabels':{'app':'app-"
                + number + "'}},'ingress':[" + String.join(",", Collections.nCopies(rules, rule)) + "]}";
    }
}
