package io.towpath.cni.verbs;

import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.Dns;
import io.towpath.cni.protocol.NetConf;
import io.towpath.cni.protocol.Request;
import io.towpath.cni.protocol.Result;
import io.towpath.ipam.AllocatedIp;
import io.towpath.ipam.Attachment;
import io.towpath.ipam.HostLocal;
import io.towpath.ipam.IpamConfig;
import io.towpath.ipam.IpamConfigReader;
import io.towpath.ipam.IpamDns;
import io.towpath.ipam.IpamException;
import io.towpath.ipam.IpamRoute;
import io.towpath.ipam.Lease;
import io.towpath.ipam.NodeState;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Leases in the store of the host-local plugin. */
public final class HostLocalLeases implements Leases {
    private static final String NODE_STATE = "/node.json";

    /** Stands for a state that is not there yet, while a configuration is read only to find out whether it is good. */
    private static final NodeState ANY_STATE =
            new NodeState(List.of(IpPrefix.parse("192.0.2.0/24"), IpPrefix.parse("2001:db8::/64")), 0);

    /** A call into the IPAM. */
    private interface Call<T> {
        T run() throws IpamException, IOException;
    }

    @Override
    public Offer read(Request request) throws CniException, IOException {
        NodeState state = state(request);
        IpamConfig config = call(() -> config(request, state == null ? ANY_STATE : state));
        HostLocal leases = call(() -> HostLocal.of(request.conf().tree()));
        requireRoom(request);
        return stateIsNew -> {
            boolean stale = state == null || stateIsNew;
            NodeState current = stale ? state(request) : state;
            IpamConfig currentConfig = stale ? call(() -> config(request, current)) : config;
            return call(() -> take(leases, currentConfig, current, request));
        };
    }

    private static void requireRoom(Request request) throws CniException {
        try {
            HostLocal.requireRoom(attachment(request));
        } catch (IpamException e) {
            throw failure(e);
        }
    }

    private static @Nullable NodeState state(Request request) throws CniException, IOException {
        NetConf conf = request.conf();
        try {
            return NodeState.read(conf.stateDir() + NODE_STATE, conf.subnetEnv());
        } catch (IpamException e) {
            throw failure(e);
        }
    }

    private static IpamConfig config(Request request, @Nullable NodeState state) throws IpamException, IOException {
        NetConf conf = request.conf();
        IpamConfigReader reader = state == null
                ? new IpamConfigReader(conf.stateDir() + NODE_STATE, conf.subnetEnv())
                : new IpamConfigReader(state);
        return reader.read(conf.tree(), request.args().get("IP"));
    }

    private static Grant take(HostLocal leases, IpamConfig config, @Nullable NodeState state, Request request)
            throws IpamException, IOException {
        IpamDns dns = HostLocal.dns(config);
        List<IpAddress> addresses = new ArrayList<>();
        for (AllocatedIp ip : leases.allocate(config, attachment(request))) {
            addresses.add(ip.address().address());
        }
        List<Result.Route> routes = new ArrayList<>(config.routes().size());
        for (IpamRoute route : config.routes()) {
            routes.add(new Result.Route(
                    route.destination(),
                    route.gateway(),
                    route.mtu(),
                    route.advmss(),
                    route.priority(),
                    route.table(),
                    route.scope()));
        }
        return new Grant(
                addresses,
                routes,
                new Dns(dns.nameservers(), dns.domain(), dns.search(), dns.options()),
                state == null ? 0 : state.mtu());
    }

    /** What is left of a configuration that has become wrong is enough: a name, and where the leases are. */
    @Override
    public void release(Request request) throws CniException, IOException {
        stillKnown(request.conf()).release(attachment(request));
    }

    private static HostLocal stillKnown(NetConf conf) {
        try {
            return HostLocal.of(conf.tree());
        } catch (IpamException _) {
            // Nobody can have got a lease by this configuration, but perhaps by what it was before.
            return HostLocal.of(IpamConfig.DEFAULT_DATA_DIR, conf.name());
        }
    }

    @Override
    public void check(Request request, List<IpAddress> addresses) throws CniException, IOException {
        call(() -> {
            HostLocal.of(request.conf().tree()).check(attachment(request), addresses);
            return true;
        });
    }

    @Override
    public Set<Attachment> holders(Request request) throws CniException, IOException {
        Set<Attachment> holders = new HashSet<>();
        for (Lease lease : call(() -> HostLocal.of(request.conf().tree())).list()) {
            holders.add(lease.attachment());
        }
        return holders;
    }

    @Override
    public void retain(Request request, Set<Attachment> keep) throws CniException, IOException {
        call(() -> HostLocal.of(request.conf().tree())).gc(keep);
    }

    @Override
    public void status(Request request, boolean stateWillCome) throws CniException, IOException {
        call(() -> config(request, ANY_STATE));
        NodeState state = state(request);
        try {
            if (state != null || !stateWillCome) {
                HostLocal.of(request.conf().tree()).status(config(request, state));
            }
        } catch (IpamException e) {
            throw new CniException(CniException.NOT_AVAILABLE, e.message(), "", e);
        }
    }

    private static Attachment attachment(Request request) {
        return new Attachment(request.containerId(), request.ifName());
    }

    private static <T> T call(Call<T> call) throws CniException, IOException {
        try {
            return call.run();
        } catch (IpamException e) {
            throw failure(e);
        }
    }

    private static CniException failure(IpamException e) {
        return new CniException(e.code(), e.message(), "", e);
    }
}
