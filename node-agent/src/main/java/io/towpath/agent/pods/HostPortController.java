package io.towpath.agent.pods;

import io.towpath.agent.log.Log;
import io.towpath.agent.runtime.Controller;
import io.towpath.agent.runtime.Kernel;
import io.towpath.agent.runtime.Wants;
import io.towpath.cni.ports.HostPortKeeper;
import io.towpath.netlink.nft.NftEvent;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Puts back host ports whose table others deleted. */
public final class HostPortController implements Controller {
    private final Log log;
    private @Nullable HostPortKeeper keeper;

    public HostPortController(Log log) {
        this.log = log;
    }

    @Override
    public String name() {
        return "host ports";
    }

    @Override
    public Wants wants() {
        return new Wants(false, true, List.of());
    }

    @Override
    public void open(Kernel kernel) {
        keeper = new HostPortKeeper(kernel.node());
    }

    @Override
    public boolean concerns(NftEvent event) {
        return Objects.requireNonNull(keeper).concerns(event);
    }

    @Override
    public Outcome reconcile(Round round) throws IOException {
        int back = Objects.requireNonNull(keeper).mend();
        if (back > 0) {
            log.info("host ports repaired", "entries", back);
        }
        return Outcome.DONE;
    }
}
