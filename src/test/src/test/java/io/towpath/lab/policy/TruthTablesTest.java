package io.towpath.lab.policy;

import io.towpath.lab.OnLab;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/** All cases of policies, each as tables of who reaches whom that packets are asked for. */
@OnLab
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TruthTablesTest {
    private PolicyCluster cluster;
    private TruthTables tables;

    @BeforeAll
    void makeCluster() {
        cluster = new PolicyCluster(true, false);
        tables = new TruthTables(cluster.world, cluster.prober);
        tables.awaitExpected();
    }

    @TestFactory
    Stream<DynamicContainer> packets() {
        return Groups.ALL.entrySet().stream()
                .map(group -> DynamicContainer.dynamicContainer(
                        group.getKey(),
                        group.getValue().stream()
                                .map(each -> DynamicTest.dynamicTest(each.name(), () -> tables.run(each)))));
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
