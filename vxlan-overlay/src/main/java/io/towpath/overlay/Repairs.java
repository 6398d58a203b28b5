package io.towpath.overlay;

import io.towpath.overlay.DesiredOverlay.Device;
import io.towpath.overlay.DesiredOverlay.Peer;
import io.towpath.overlay.OverlayPlan.Failure;
import io.towpath.overlay.OverlayPlan.Repair;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Tells what others made necessary from what the cluster's change brought about. */
final class Repairs {
    private Repairs() {}

    /**
     * What a plan mended: all of it if the overlay must be as it had to be before, else that for peers and devices which have
     * not changed. What was removed beside a change is the change's.
     *
     * @param before how the overlay had to be at the last sync, null if there was none
     * @param undone what the kernel acknowledged and did not do
     */
    static List<Repair> of(
            OverlayPlan plan,
            @Nullable DesiredOverlay before,
            DesiredOverlay desired,
            List<Failure> failures,
            List<Repair> undone) {
        if (before == null || plan.isEmpty()) {
            return List.of();
        }
        Set<String> failed = new HashSet<>();
        failures.forEach(failure -> failed.add(failure.device() + " " + failure.peer()));
        undone.forEach(each -> failed.add(each.device() + " " + each.peer()));
        boolean same = before.equals(desired);
        Set<String> devices = same ? Set.of() : unchangedDevices(before, desired);
        Set<String> peers = same ? Set.of() : unchangedPeers(before, desired);
        return plan.repairs((device, step) -> {
            if (device == null) {
                return same;
            }
            String peer = device.name() + " " + (step == null ? null : step.peer());
            if (failed.contains(peer)) {
                return false;
            }
            boolean ofPeer = step != null && step.peer() != null;
            boolean removal = step != null && step.removal();
            return same || (!removal && (ofPeer ? peers.contains(peer) : devices.contains(device.name())));
        });
    }

    private static Set<String> unchangedDevices(DesiredOverlay before, DesiredOverlay desired) {
        Set<Device> earlier = new HashSet<>();
        before.devices().forEach(device -> earlier.add(device.withPeers(List.of())));
        Set<String> unchanged = new HashSet<>();
        for (Device device : desired.devices()) {
            if (earlier.contains(device.withPeers(List.of()))) {
                unchanged.add(device.name());
            }
        }
        return unchanged;
    }

    private static Set<String> unchangedPeers(DesiredOverlay before, DesiredOverlay desired) {
        Set<String> unchanged = new HashSet<>();
        for (Device device : desired.devices()) {
            Set<Peer> earlier = new HashSet<>();
            for (Device each : before.devices()) {
                if (each.name().equals(device.name())) {
                    earlier.addAll(each.peers());
                }
            }
            for (Peer peer : device.peers()) {
                if (earlier.contains(peer)) {
                    unchanged.add(device.name() + " " + peer.node());
                }
            }
        }
        return unchanged;
    }
}
