package io.towpath.lab.kubernetes;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The configuration files of a node's containerd and kubelet, on its disk. */
record NodeConfig(Peers peers, Settings settings, NodeDisk disk, String cgroup, Path kubeconfig) {
    Path containerd() {
        return disk.path("containerd.toml");
    }

    Path kubelet() {
        return disk.path("kubelet.yaml");
    }

    void write() throws IOException {
        Path resolver = Files.writeString(disk.path("resolv.conf"), "nameserver " + settings.underlay(1) + "\n");
        Files.writeString(containerd(), """
                version = 3
                root = "/var/lib/containerd"
                state = "/run/containerd"
                oom_score = 0

                [grpc]
                  address = "/run/containerd/containerd.sock"

                [plugins."io.containerd.cri.v1.images"]
                  snapshotter = "overlayfs"
                  [plugins."io.containerd.cri.v1.images".pinned_images]
                    sandbox = "%1$s"

                [plugins."io.containerd.cri.v1.runtime"]
                  # Without CAP_SYS_RESOURCE nobody may lower a score; runc fails where it is to.
                  restrict_oom_score_adj = true
                  disable_apparmor = true
                  [plugins."io.containerd.cri.v1.runtime".cni]
                    bin_dirs = ["/opt/cni/bin"]
                    conf_dir = "/etc/cni/net.d"
                  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
                    runtime_type = "io.containerd.runc.v2"
                    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
                      BinaryName = "%2$s"
                      SystemdCgroup = false
                """.formatted(Images.PAUSE, peers.of("runc")));
        Files.writeString(kubelet(), """
                apiVersion: kubelet.config.k8s.io/v1beta1
                kind: KubeletConfiguration
                failCgroupV1: false
                cgroupDriver: cgroupfs
                # With one for both, each of two kubelets ends the other's pods as orphans.
                cgroupRoot: /%1$s
                failSwapOn: false
                oomScoreAdj: 0
                authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
                authorization: {mode: AlwaysAllow}
                clusterDNS: ["%2$s"]
                clusterDomain: cluster.local
                containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
                resolvConf: %3$s
                evictionHard: {memory.available: "0%%", nodefs.available: "0%%", imagefs.available: "0%%"}
                imageGCHighThresholdPercent: 100
                protectKernelDefaults: false
                maxPods: 230
                podLogsDir: %4$s
                staticPodPath: %5$s
                """.formatted(
                        cgroup, settings.dns(), resolver, disk.path("pod-logs/pods"), disk.manifests()));
    }
}
