package io.towpath.agent.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.towpath.agent.source.PolicyFacts;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.policy.facts.Facts;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

@NeedsRoot
class LocalPodsKernelTest {
    private static final long LONG = 10 * LocalPods.ORDER_NANOS;

    @Test
    void podIsUnknownWhenItWasWaitedForInVain() throws Exception {
        try (PolicyScene scene = new PolicyScene();
                NetNs netNs = scene.node.open();
                Rtnl rtnl = Rtnl.open(netNs)) {
            Handover handover = scene.pod("a", "10.64.1.2").handover("uid-a", 1);
            LocalPods pods = new LocalPods();
            pods.add(handover, 0);
            pods.look(rtnl);
            long last = LocalPods.ORDER_NANOS - 1;
            assertEquals(List.of(), pods.unknown(last));
            assertEquals(1, pods.untilUnknown(last, LONG), "what is not yet is waited for");
            assertEquals(List.of(handover.endpoint()), pods.unknown(last + 1));
            assertEquals(LONG, pods.untilUnknown(last + 1, LONG));
            PolicyFacts knowing = new PolicyFacts(Facts.NONE, Map.of("default/a", "uid-a"));
            assertEquals(List.of(handover.endpoint()), pods.endpoints(knowing));
            assertEquals(List.of(), pods.unknown(last + 1), "it is known, and not again when it is gone");
        }
    }

    /** As by an ADD that asks again. */
    @Test
    void podThatIsHandedOverAgainIsWhatItWas() throws Exception {
        try (PolicyScene scene = new PolicyScene();
                NetNs netNs = scene.node.open();
                Rtnl rtnl = Rtnl.open(netNs)) {
            PolicyScene.Pod a = scene.pod("a", "10.64.1.2");
            LocalPods pods = new LocalPods();
            pods.add(a.handover("uid-a", 2), 0);
            pods.look(rtnl);
            long later = LocalPods.ORDER_NANOS;
            pods.add(a.handover("uid-a", 1), later);
            pods.look(rtnl);
            assertEquals(List.of(a.handover("uid-a", 1).endpoint()), pods.unknown(later), "it is not shut out again");
            pods.endpoints(new PolicyFacts(Facts.NONE, Map.of("default/a", "uid-a")));
            pods.add(a.handover("uid-a", 1), later);
            assertEquals(List.of(), pods.unknown(later + LONG), "it was known");
            pods.add(a.handover("uid-later", 1), later);
            assertEquals(List.of(), pods.unknown(later), "another pod of its name");
            assertEquals(1, pods.unknown(later + LONG).size());
        }
    }
}
