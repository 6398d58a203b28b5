package io.towpath.policy.compile;

import static io.towpath.policy.compile.Rules.app;
import static io.towpath.policy.compile.Rules.into;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.Selector;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What is gone is kept nowhere: an agent runs for months, and pods come and go. */
class LeftoversTest {
    private static final PodClass.Key WEB = new PodClass.Key(Map.of("app", "web"), List.of());
    private static final PodSet.Key SET = new PodSet.Key("shop", null, app("web"));
    private static final PodSet.Key WIDE = new PodSet.Key(null, Selector.EVERYTHING, app("web"));

    private final Map<String, Namespace> namespaces = new HashMap<>();
    private final Namespace shop = new Namespace("shop");
    private final PodSets sets = new PodSets(namespaces);
    private final PolicyUnit one = PolicyUnit.of(into("one"), 0);
    private final PolicyUnit other = PolicyUnit.of(into("other"), 1);

    LeftoversTest() {
        shop.labels = Map.of();
        namespaces.put("shop", shop);
    }

    @Test
    void namespaceForgetsAClass() {
        PodClass web = shop.add(WEB);
        shop.add(new PodClass.Key(Map.of("app", "db"), List.of()));
        shop.add(new PodClass.Key(Map.of("app", "cache"), List.of()));
        assertEquals(List.of(web), selected());
        shop.remove(web);
        assertEquals(List.of(), selected());
        assertEquals(2, shop.classes().size());
    }

    private List<PodClass> selected() {
        List<PodClass> selected = new ArrayList<>();
        shop.select(app("web"), selected);
        return selected;
    }

    @Test
    void setAndClassForgetEachOtherWhenTheClassGoes() {
        PodClass web = shop.add(WEB);
        PodSet set = sets.use(SET, one);
        assertEquals(Set.of(web), set.classes);
        assertEquals(List.of(set), web.sets);
        sets.removed(web);
        assertEquals(Set.of(), set.classes);
        assertEquals(List.of(), web.sets);
    }

    @Test
    void setGoesWithItsLastUser() {
        PodClass web = shop.add(WEB);
        for (PodSet.Key key : List.of(SET, WIDE)) {
            PodSet set = sets.use(key, one);
            assertSame(set, sets.use(key, other));
            sets.release(List.of(set), one);
            assertEquals(List.of(set), web.sets);
            sets.release(List.of(set), other);
            assertEquals(List.of(), web.sets);
            PodSet another = sets.use(key, one);
            assertNotSame(set, another);
            sets.release(List.of(another), one);
        }
    }

    @Test
    void setThatIsGoneTakesNoMoreClasses() {
        for (PodSet.Key key : List.of(SET, WIDE)) {
            PodSet set = sets.use(key, one);
            sets.release(List.of(set), one);
            PodClass web = shop.add(WEB);
            sets.added(web);
            assertEquals(Set.of(), set.classes);
            shop.remove(web);
        }
    }

    @Test
    void bitOfAPolicyThatIsGoneIsTheNextOnes() {
        Policies policies = new Policies();
        Facts first = facts(into("a"), into("b"));
        policies.update(Facts.NONE, first);
        policies.settle();
        Facts second = facts(into("b"));
        policies.update(first, second);
        assertEquals("NetworkPolicy shop/into-a", policies.at(0).id, "until the compilation has ended");
        policies.settle();
        policies.update(second, facts(into("b"), into("c")));
        assertEquals("NetworkPolicy shop/into-c", policies.at(0).id);
        assertEquals("NetworkPolicy shop/into-b", policies.at(1).id);
    }

    @Test
    void policyThatSaysSomethingElseKeepsItsBit() {
        Policies policies = new Policies();
        Facts first = facts(into("a"));
        policies.update(Facts.NONE, first);
        PolicyUnit unit = policies.at(0);
        policies.settle();
        policies.update(first, facts(into("a").withDryRun(true)));
        assertSame(unit, policies.at(0));
        assertEquals(Set.of(unit), policies.changed());
        assertEquals(Set.of(), policies.gone());
    }

    private static Facts facts(PolicyFact... policies) {
        return new Facts(List.of(), List.of(), List.of(), List.of(policies), List.of());
    }
}
