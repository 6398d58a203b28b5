package io.towpath.policy.compile;

import io.towpath.policy.compile.CompilerOracleTest.LocalPods;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.ClusterPolicyFact.Tier;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.oracle.RandomCluster;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** ClusterNetworkPolicies that say what they said before, in another order. */
class ChangedOrderTest {
    @Property(tries = 200)
    void priorityAndTierChangeAlone(@ForAll long seed) {
        RandomCluster random = new RandomCluster(seed);
        Facts before = random.facts(8, 2, 4);
        List<LocalEndpoint> endpoints = LocalPods.some(random, before);
        Compiler compiler = new Compiler();
        compiler.compile(before, endpoints);

        List<ClusterPolicyFact> others = new ArrayList<>();
        for (ClusterPolicyFact policy : before.clusterPolicies()) {
            Tier tier = random.oneIn(2) ? Tier.ADMIN : Tier.BASELINE;
            others.add(new ClusterPolicyFact(
                    policy.name(),
                    tier,
                    random.below(4),
                    policy.subject(),
                    policy.ingress(),
                    policy.egress(),
                    policy.dryRun()));
        }
        Facts after = new Facts(before.pods(), before.namespaces(), before.nodes(), before.policies(), others);
        CompilerOracleTest.compare(compiler.compile(after, endpoints), LocalPods.seen(after, endpoints), endpoints);
    }
}
