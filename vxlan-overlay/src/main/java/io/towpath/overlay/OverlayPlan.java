package io.towpath.overlay;

import io.towpath.linux.Errno;
import io.towpath.linux.LinuxException;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.FdbEntry;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.LinkSpec;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.overlay.DesiredOverlay.Device;
import io.towpath.overlay.DesiredOverlay.Peer;
import io.towpath.overlay.DesiredOverlay.Setting;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The difference between how an overlay is and how it must be. */
public final class OverlayPlan {
    private final List<Link> stale;
    private final List<Route> staleRoutes;
    private final List<Setting> settings;
    private final List<DevicePlan> devices;

    private OverlayPlan(List<Link> stale, List<Route> staleRoutes, List<Setting> settings, List<DevicePlan> devices) {
        this.stale = stale;
        this.staleRoutes = staleRoutes;
        this.settings = settings;
        this.devices = devices;
    }

    /**
     * Something that could not be done.
     *
     * @param device the device it was for, null for the node as a whole
     * @param peer the node it was for, null for the device as a whole
     * @param message one line: what, and the kernel's reason
     */
    public record Failure(@Nullable String device, @Nullable String peer, String message) {
        @Override
        public String toString() {
            return (device == null ? "" : device + ": ") + (peer == null ? "" : "node " + peer + ": ") + message;
        }
    }

    /** Compares; empty when nothing is to be done. */
    public static OverlayPlan between(DesiredOverlay desired, ObservedOverlay observed) {
        List<Setting> settings = new ArrayList<>();
        for (Setting setting : desired.settings()) {
            if (!setting.value().equals(observed.settings().get(setting.key()))) {
                settings.add(setting);
            }
        }
        List<DevicePlan> devices = new ArrayList<>();
        for (Device device : desired.devices()) {
            devices.add(DevicePlan.between(
                    device, observed.devices().get(device.name()), observed.routes(), observed.settings()));
        }
        List<Route> staleRoutes = new ArrayList<>();
        for (Route route : DirectRoutes.ours(observed.routes())) {
            // Those of a family with a device are that device's.
            if (!desired.hasDevice(route.ipv6())) {
                staleRoutes.add(route);
            }
        }
        return new OverlayPlan(observed.stale(), List.copyOf(staleRoutes), List.copyOf(settings), List.copyOf(devices));
    }

    List<DevicePlan> devices() {
        return devices;
    }

    /** Whether nothing is to be done. */
    public boolean isEmpty() {
        return size() == 0;
    }

    /** The number of things to do. */
    public int size() {
        int size = stale.size() + staleRoutes.size() + settings.size();
        for (DevicePlan device : devices) {
            size += device.size();
        }
        return size;
    }

    /** One line for each thing to do, in order. */
    public void describe(Consumer<String> lines) {
        for (Link link : stale) {
            lines.accept("link delete " + link.name() + ", which is not needed any more");
        }
        staleRoutes.forEach(route -> lines.accept("route delete " + route));
        settings.forEach(setting -> lines.accept("set " + setting));
        for (DevicePlan plan : devices) {
            String name = plan.device().name();
            if (plan.replaces() != null) {
                lines.accept("link delete " + name + ", which is not what it must be");
            }
            if (plan.creates()) {
                lines.accept("link add " + spec(plan.device()));
            }
            plan.attributes().forEach(step -> lines.accept(step.describe(plan.link(), name)));
            plan.settings().forEach(setting -> lines.accept("set " + setting));
            if (plan.disablesOffload()) {
                lines.accept("ethtool " + name + " tx-checksum-ip-generic off");
            }
            plan.steps().forEach(step -> lines.accept(step.describe(plan.link(), name)));
        }
    }

    /**
     * A thing to do, told by what it is about.
     *
     * @param device the device, null for the node as a whole
     * @param peer the node it is for, null for none
     * @param what the kind of thing, of which there are few, such as {@code "route"} or {@code "link"}
     */
    public record Repair(@Nullable String device, @Nullable String peer, String what) {
        /** One line, such as {@code "flannel.1: node b: route"}. */
        @Override
        public String toString() {
            return (device == null ? "" : device + ": ") + (peer == null ? "" : "node " + peer + ": ") + what;
        }
    }

    /** Each thing to do, in order. */
    public List<Repair> repairs() {
        return repairs((device, step) -> true);
    }

    /** Says of a thing to do whether to tell it: for the device, null for the node as a whole; and the step if it is one. */
    interface Filter {
        boolean tells(@Nullable Device device, @Nullable Step step);
    }

    List<Repair> repairs(Filter filter) {
        List<Repair> repairs = new ArrayList<>();
        if (filter.tells(null, null)) {
            stale.forEach(link -> repairs.add(new Repair(link.name(), null, "link")));
            staleRoutes.forEach(route -> repairs.add(new Repair(null, null, "route")));
            settings.forEach(setting -> repairs.add(new Repair(null, null, "setting")));
        }
        for (DevicePlan plan : devices) {
            Device device = plan.device();
            if (filter.tells(device, null)) {
                String name = device.name();
                if (plan.creates()) {
                    repairs.add(new Repair(name, null, "link"));
                }
                plan.attributes().forEach(step -> repairs.add(new Repair(name, null, step.kind())));
                plan.settings().forEach(setting -> repairs.add(new Repair(name, null, "setting")));
                if (plan.disablesOffload()) {
                    repairs.add(new Repair(name, null, "offload"));
                }
            }
            for (Step step : plan.steps()) {
                if (!step.makesRoom() && filter.tells(device, step)) {
                    repairs.add(new Repair(device.name(), step.peer(), step.kind()));
                }
            }
        }
        return repairs;
    }

    /**
     * Does it: what hangs on the devices in one batch. What fails hinders nothing else.
     *
     * @return what failed, empty if all is done
     */
    List<Failure> apply(Rtnl rtnl, Host host) {
        List<Failure> failures = new ArrayList<>();
        delete(rtnl, failures);
        for (Setting setting : settings) {
            write(host, deviceOf(setting), true, List.of(setting), failures);
        }
        List<Pending> pending = new ArrayList<>();
        Batch batch = new Batch();
        for (DevicePlan plan : devices) {
            int link = prepare(plan, rtnl, host, failures);
            for (Step step : link == 0 ? List.<Step>of() : plan.steps()) {
                step.request().addTo(batch, link);
                pending.add(new Pending(plan.device(), step));
            }
        }
        submit(rtnl, batch, pending, failures);
        return failures;
    }

    /**
     * What the kernel acknowledged and did not do, as far as it is known to do so: entries of forwarding databases. Asks the kernel only
     * about devices of which such were put right.
     */
    List<Repair> undone(Rtnl rtnl, List<Failure> failures) throws NetlinkException {
        Set<String> failed = new HashSet<>();
        failures.forEach(failure -> failed.add(failure.device() + " " + failure.peer()));
        List<Repair> undone = new ArrayList<>();
        for (DevicePlan plan : devices) {
            String name = plan.device().name();
            Link link = plan.putsFdb() ? rtnl.link(name) : null;
            for (Peer peer : link == null ? List.<Peer>of() : plan.undone(link.index(), fdb(rtnl, link))) {
                if (!failed.contains(name + " " + peer.node())) {
                    undone.add(new Repair(name, peer.node(), FdbPlan.KIND));
                }
            }
        }
        return undone;
    }

    private static List<FdbEntry> fdb(Rtnl rtnl, Link link) throws NetlinkException {
        try {
            return rtnl.fdb(link.index());
        } catch (NetlinkException e) {
            if (e.is(Errno.ENODEV)) {
                return List.of();
            }
            throw e;
        }
    }

    private record Pending(Device device, Step step) {}

    private void delete(Rtnl rtnl, List<Failure> failures) {
        for (Link link : stale) {
            delete(rtnl, new Batch().deleteLink(link.index()), link.name(), failures);
        }
        for (Route route : staleRoutes) {
            delete(rtnl, new Batch().deleteRoute(route), null, failures);
        }
        for (DevicePlan plan : devices) {
            if (plan.replaces() != null) {
                delete(
                        rtnl,
                        new Batch().deleteLink(plan.replaces().index()),
                        plan.device().name(),
                        failures);
            }
        }
    }

    private static void delete(Rtnl rtnl, Batch batch, @Nullable String device, List<Failure> failures) {
        try {
            rtnl.apply(batch);
        } catch (NetlinkException e) {
            if (!isAbsence(e)) {
                failures.add(new Failure(device, null, message(e)));
            }
        }
    }

    /** The device of the family that a setting of the node is for; null if it is for both, or the only one. */
    private @Nullable String deviceOf(Setting setting) {
        boolean ipv6 = setting.key().equals(DesiredOverlay.IPV6_FORWARD);
        for (DevicePlan plan : devices) {
            if (devices.size() > 1 && plan.device().ipv6() == ipv6) {
                return plan.device().name();
            }
        }
        return null;
    }

    private static void write(
            Host host, @Nullable String device, boolean ofNode, List<Setting> settings, List<Failure> failures) {
        for (Setting setting : settings) {
            try {
                host.setSysctl(setting.key(), setting.value());
            } catch (LinuxException e) {
                // A kernel without IPv6 has no router advertisements to refuse either. In a container that is not
                // privileged /proc/sys is read-only, and the agent's table refuses them.
                if (ofNode || !(e.is(Errno.ENOENT) || e.is(Errno.EROFS))) {
                    failures.add(new Failure(device, null, message(e)));
                }
            }
        }
    }

    /** Makes the link what it must be before anything hangs on it; its index, 0 if that failed. */
    private static int prepare(DevicePlan plan, Rtnl rtnl, Host host, List<Failure> failures) {
        Device device = plan.device();
        try {
            int link = plan.creates() ? rtnl.create(spec(device)).index() : plan.link();
            List<Pending> pending = new ArrayList<>();
            Batch batch = new Batch();
            for (Step step : plan.attributes()) {
                step.request().addTo(batch, link);
                pending.add(new Pending(device, step));
            }
            submit(rtnl, batch, pending, failures);
            write(host, device.name(), false, plan.settings(), failures);
            if (plan.disablesOffload()) {
                host.disableTxChecksumOffload(device.name());
            }
            return link;
        } catch (LinuxException e) {
            failures.add(new Failure(device.name(), null, message(e)));
            return 0;
        }
    }

    private static LinkSpec spec(Device device) {
        return LinkSpec.vxlan(device.name(), device.mac(), device.mtu(), device.attributes());
    }

    private static void submit(Rtnl rtnl, Batch batch, List<Pending> pending, List<Failure> failures) {
        if (batch.isEmpty()) {
            return;
        }
        List<NetlinkException> errors;
        try {
            errors = rtnl.submit(batch);
        } catch (NetlinkException e) {
            failures.add(new Failure(pending.getFirst().device.name(), null, message(e)));
            return;
        }
        for (NetlinkException error : errors) {
            Pending failed = pending.get(error.index());
            if (!failed.step.removal() || !isAbsence(error)) {
                failures.add(new Failure(failed.device.name(), failed.step.peer(), message(failed.step, error)));
            }
        }
    }

    private static boolean isAbsence(NetlinkException error) {
        return error.is(Errno.ENOENT)
                || error.is(Errno.ESRCH)
                || error.is(Errno.EADDRNOTAVAIL)
                || error.is(Errno.ENODEV);
    }

    private static String message(Step step, NetlinkException error) {
        return step.what().equals("route") && error.is(Errno.EEXIST)
                ? message(error) + "; a route that is not of this overlay is in the way"
                : message(error);
    }

    private static String message(Throwable error) {
        String message = error.getMessage();
        return message == null ? error.toString() : message;
    }
}
