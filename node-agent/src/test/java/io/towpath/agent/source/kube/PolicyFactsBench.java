package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Objects;

/** No test: prints what the facts of a large cluster take of the heap, and how long they take to be read and listed. */
final class PolicyFactsBench {
    private static final int PODS = 10_000;
    private static final int POLICIES = 10_000;
    private static final int NODES = 100;
    private static final int DEPLOYMENTS = 400;
    /** Every so many-th pod is of a StatefulSet, and no other has its labels. */
    private static final int UNIQUE = 10;

    private PolicyFactsBench() {}

    /** Without arguments. */
    public static void main(String[] arguments) throws InterruptedException {
        pods(new PodStore(new Object(), "node-1", new PodReader("node-1"), () -> {})); // loads the classes
        long before = used();
        PodStore pods = new PodStore(new Object(), "node-1", new PodReader("node-1"), () -> {});
        long began = System.nanoTime();
        pods(pods);
        long ended = System.nanoTime();
        long after = used();
        System.out.printf(
                "%d pods: %.2f MiB, read from JSON in %d ms%n",
                pods.facts().size(), (after - before) / 1048576.0, (ended - began) / 1_000_000);

        FactStore<KubeNetworkPolicy, ?> policies =
                new FactStore<>(new Object(), new NetworkPolicyReader(new PolicyJson())::read, () -> {});
        before = used();
        for (int i = 0; i < POLICIES; i++) {
            ObjectNode policy = Manifests.policy("policy-" + i, """
                    {podSelector: {matchLabels: {app: 'app-%d'}}, policyTypes: ['Ingress'], ingress: [
                      {from: [{podSelector: {matchLabels: {app: 'app-%d'}}}], ports: [{port: %d}]}]}
                    """.formatted(i % DEPLOYMENTS, i % 7, 8000 + i % 10));
            KubeNetworkPolicy read = Manifests.read(policy, KubeNetworkPolicy.class);
            policies.put(policies.key(read), read);
        }
        after = used();
        System.out.printf("%d policies: %.2f MiB%n", policies.facts().size(), (after - before) / 1048576.0);

        began = System.nanoTime();
        int times = 1000;
        for (int i = 0; i < times; i++) {
            ObjectNode pod = pod(5, i % 200);
            KubePod read = Manifests.read(pod, KubePod.class);
            pods.put(pods.key(read), read);
            Objects.requireNonNull(pods.facts());
        }
        System.out.printf(
                "a pod changes, read from JSON, and all are listed: %d us%n",
                (System.nanoTime() - began) / times / 1000);
    }

    private static void pods(PodStore store) {
        for (int i = 0; i < PODS; i++) {
            KubePod read = Manifests.read(pod(i, i % 200), KubePod.class);
            store.put(store.key(read), read);
        }
    }

    private static ObjectNode pod(int number, int last) {
        int deployment = number % DEPLOYMENTS;
        String name = "app-%d-7d9fc5b6d8-%05d".formatted(deployment, number);
        String own = number % UNIQUE == 0 ? ", 'statefulset.kubernetes.io/pod-name': '" + name + "'" : "";
        String labels =
                "{'app.kubernetes.io/name': 'app-%d', app: 'app-%d', tier: 'backend', 'pod-template-hash': '7d9fc5b6d8'%s}"
                        .formatted(deployment, deployment, own);
        return Manifests.pod(name, labels, "node-" + number % NODES, "10." + number / 250 + ".7." + last);
    }

    private static long used() throws InterruptedException {
        Runtime runtime = Runtime.getRuntime();
        long used = Long.MAX_VALUE;
        for (int i = 0; i < 5; i++) {
            System.gc();
            Thread.sleep(100);
            used = Math.min(used, runtime.totalMemory() - runtime.freeMemory());
        }
        return used;
    }
}
