package io.towpath.policy.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DiffTest {
    /** Two with the same name are one that changed. */
    private record Named(String name, int version) {}

    private static List<Named> named(String text) {
        return text.isEmpty()
                ? List.of()
                : List.of(text.split(" ")).stream()
                        .map(each -> new Named(each.substring(0, 1), each.charAt(1)))
                        .toList();
    }

    @ParameterizedTest
    @CsvSource({
        "'',          '',          '',    ''",
        "'',          'a1 b1',     '',    'a1 b1'",
        "'a1 b1',     '',          'a1 b1', ''",
        "'a1 b1 c1',  'a1 b2 c1',  'b1',  'b2'",
        "'a1 b1 c1',  'a1 c1',     'b1',  ''",
        "'a1 c1',     'a1 b1 c1',  '',    'b1'",
        "'a1 b1 c1',  'c1 a1 b1',  '',    ''",
        "'a1 b1',     'b2 a1 c1',  'b1',  'b2 c1'",
    })
    void tellsWhatIsGoneAndWhatCame(String before, String after, String gone, String come) {
        Diff<Named> diff = Diff.of(named(before), named(after), Named::name);
        assertEquals(named(gone), diff.gone());
        assertEquals(named(come), diff.come());
        assertEquals(gone.isEmpty() && come.isEmpty(), diff.isEmpty());
    }

    @Test
    void sameObjectsAreLookedAtOnceFromEachEnd() {
        List<Named> all = named("a1 b1 c1 d1");
        Diff<Named> diff = Diff.of(all, List.of(all.get(0), all.get(3)), Named::name);
        assertEquals(all.subList(1, 3), diff.gone());
        assertEquals(List.of(), diff.come());
        diff = Diff.of(all.subList(0, 2), List.of(all.get(0), all.get(1), all.get(1)), _ -> new Object());
        assertTrue(diff.gone().isEmpty());
        assertEquals(List.of(all.get(1)), diff.come());
    }
}
