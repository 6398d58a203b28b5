package io.towpath.cni.verbs;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.towpath.cni.protocol.CniException;
import io.towpath.cni.wiring.NotUndoneException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class UndoTest {
    private final Undo undo = new Undo();
    private final List<String> done = new ArrayList<>();

    private Undo.Action action(String name) {
        return () -> done.add(name);
    }

    private Undo.Action failing(String name) {
        return () -> {
            done.add(name);
            throw new IOException(name + " stays");
        };
    }

    @Test
    void theLastStepIsTakenBackFirstAndTheLeaseAtTheEnd() {
        undo.unlessAnythingIsLeft(action("lease"));
        undo.by(action("link"));
        undo.by(action("ports"));
        assertDoesNotThrow(() -> undo.after(new IOException("why")));
        assertEquals(List.of("ports", "link", "lease"), done);
    }

    @Test
    void whatIsLeftIsToldAndKeepsTheLeaseButNothingElse() {
        undo.unlessAnythingIsLeft(action("lease"));
        undo.by(action("link"));
        undo.by(failing("ports"));
        IOException why = new IOException("why");
        CniException e = assertThrows(CniException.class, () -> undo.after(why));
        assertEquals(List.of("ports", "link"), done);
        assertEquals("why", e.msg());
        assertEquals("not undone: ports stays", e.details());
        assertSame(why, e.getCause());
    }

    /** A step that failed and could not take itself back. */
    @Test
    void whatAStepLeftItselfCountsToo() {
        undo.unlessAnythingIsLeft(action("lease"));
        undo.by(failing("link"));
        NotUndoneException why = new NotUndoneException(new IOException("why"), new IOException("ports stay"));
        CniException e = assertThrows(CniException.class, () -> undo.after(why));
        assertEquals(List.of("link"), done);
        assertEquals("why", e.msg());
        assertEquals("not undone: ports stay; link stays", e.details());
    }

    @Test
    void aLeaseThatStaysIsTold() {
        undo.unlessAnythingIsLeft(failing("lease"));
        CniException e = assertThrows(CniException.class, () -> undo.after(new IOException("why")));
        assertEquals("not undone: lease stays", e.details());
    }
}
