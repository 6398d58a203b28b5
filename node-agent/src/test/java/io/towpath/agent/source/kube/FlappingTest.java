package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class FlappingTest {
    private final Flapping flapping = new Flapping();

    private void looked(boolean troubled, int times) {
        for (int i = 0; i < times; i++) {
            flapping.looked(troubled);
        }
    }

    @Test
    void whatIsLostOnceIsBackAtOnce() {
        looked(true, 100);
        assertEquals(0, flapping.patience());
        looked(false, 60);
        looked(true, 1);
        assertEquals(0, flapping.patience());
    }

    @Test
    void whatComesAndGoesHasToStandLongerEachTime() {
        looked(true, 1);
        int last = flapping.patience();
        for (int i = 0; i < 10; i++) {
            looked(false, 1);
            looked(true, 1);
            assertTrue(flapping.patience() > last || last == 30);
            last = flapping.patience();
        }
        assertEquals(30, last);
    }
}
