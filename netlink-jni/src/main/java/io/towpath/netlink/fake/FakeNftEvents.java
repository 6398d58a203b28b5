package io.towpath.netlink.fake;

import io.towpath.netlink.nft.Family;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.nft.NftEvent.Kind;
import io.towpath.netlink.nft.NftEvents;
import io.towpath.netlink.nft.Table;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Queue;
import java.util.function.Consumer;

/** Which tables transactions wrote to. Nobody waits for them. */
final class FakeNftEvents implements NftEvents {
    private final Queue<NftEvent> events = new ArrayDeque<>();

    void add(Collection<Table> written, int generation, int port) {
        for (Table table : written) {
            events.add(new NftEvent(Kind.TABLE, false, Table.of(table.family(), table.name()), 0, port));
        }
        events.add(new NftEvent(Kind.GENERATION, false, Table.of(Family.OTHER, ""), generation, port));
    }

    @Override
    public void take(Consumer<NftEvent> listener) {
        for (NftEvent event = events.poll(); event != null; event = events.poll()) {
            listener.accept(event);
        }
    }

    @Override
    public void await(int milliseconds) {}

    @Override
    public void wake() {}

    @Override
    public void close() {
        events.clear();
    }
}
