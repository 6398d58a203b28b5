package io.towpath.lab.policy;

import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.OnLab;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/** All cases of policies, each as tables of who reaches whom that packets are asked for, over IPv4 and IPv6. */
@OnLab
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TruthTablesTest {
    private PolicyCluster cluster;
    private TruthTables tables;

    @BeforeAll
    void makeCluster() {
        cluster = new PolicyCluster(true, true);
        tables = new TruthTables(cluster.world, cluster.prober);
        tables.awaitExpected();
    }

    @TestFactory
    Stream<DynamicContainer> packets() {
        return Groups.ALL.entrySet().stream()
                .map(group -> DynamicContainer.dynamicContainer(
                        group.getKey(),
                        group.getValue().stream()
                                .map(each -> DynamicTest.dynamicTest(
                                        each.name(), () -> tables.run(each, () -> lookFurther(group.getKey()))))));
    }

    /** What is wrong is counted by the nodes of the pods that the policy is about. */
    private void lookFurther(String group) {
        if (group.equals(Groups.BAD)) {
            Await.until(
                    "what is wrong is counted", () -> cluster.agents.stream().anyMatch(TruthTablesTest::hasProblems));
        }
    }

    private static boolean hasProblems(Agent agent) {
        return agent.metric("towpath_policy_problems") > 0;
    }

    @AfterAll
    void close() {
        try {
            System.out.println("lab: " + tables.summary());
        } finally {
            cluster.close();
        }
    }
}
