package io.towpath.cni.verbs;

import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.NetConf;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.overlay.ClusterFileException;
import io.towpath.overlay.Ensured;
import io.towpath.overlay.Overlay;
import io.towpath.overlay.OverlayConfig;
import io.towpath.overlay.OverlayException;
import java.io.PrintStream;

/** The overlay of the node whose network namespace the calling thread is in. */
public final class NodeOverlay implements OverlayGate {
    private final PrintStream warnings;

    /** @param warnings receives what an operator should mend, which runtimes put into their log */
    public NodeOverlay(PrintStream warnings) {
        this.warnings = warnings;
    }

    @Override
    public boolean ensure(NetConf conf, Rtnl host) throws CniException {
        try {
            Ensured ensured = overlay(conf, host).ensure();
            for (String warning : ensured.warnings()) {
                warnings.println("towpath: " + warning);
            }
            return ensured.outcome() == Ensured.Outcome.SYNCED;
        } catch (OverlayException e) {
            int code = e instanceof ClusterFileException ? CniException.INVALID_CONFIG : CniException.TRY_AGAIN_LATER;
            throw new CniException(code, String.valueOf(e.getMessage()), "", e);
        }
    }

    @Override
    public boolean requireReady(NetConf conf, Rtnl host) throws CniException {
        try {
            return overlay(conf, host).requireReady();
        } catch (OverlayException e) {
            throw new CniException(CniException.NOT_AVAILABLE, String.valueOf(e.getMessage()), "", e);
        }
    }

    private static Overlay overlay(NetConf conf, Rtnl host) {
        return new Overlay(new OverlayConfig(conf.clusterFile(), conf.stateDir(), conf.subnetEnv()), host);
    }
}
