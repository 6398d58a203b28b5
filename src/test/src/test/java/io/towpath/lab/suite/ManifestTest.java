package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBinding;
import io.towpath.lab.Dockerfile;
import io.towpath.lab.Json;
import io.towpath.lab.Manifest;
import io.towpath.lab.NetConf;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The shipped manifest is what Kubernetes understands, and agrees with itself and with what else is shipped. */
class ManifestTest {
    private static final Map<String, Class<?>> KINDS = Map.of(
            "ServiceAccount", ServiceAccount.class,
            "ClusterRole", ClusterRole.class,
            "ClusterRoleBinding", ClusterRoleBinding.class,
            "ConfigMap", ConfigMap.class,
            "DaemonSet", DaemonSet.class);

    /** The model's classes keep what they do not know; here, that is an error. */
    private static final ObjectMapper STRICT = new ObjectMapper()
            .setAnnotationIntrospector(new JacksonAnnotationIntrospector() {
                private static final long serialVersionUID = 1;

                @Override
                public Boolean hasAnySetter(Annotated member) {
                    return false;
                }
            });

    /** What the executable may use beside its heap: itself, threads, buffers. */
    private static final long BESIDE_HEAP = 100 << 20;

    private static final Pattern HEAP = Pattern.compile("(?m)^-R:MaxHeapSize=(\\d{1,5})m$");

    private final JsonNode pod = Manifest.pod();

    @Test
    void everyFieldIsOneOfKubernetes() throws JsonProcessingException {
        Set<String> kinds = new HashSet<>();
        for (JsonNode document : Manifest.documents()) {
            String kind = document.path("kind").asText();
            assertTrue(KINDS.containsKey(kind), kind);
            STRICT.treeToValue(document, KINDS.get(kind));
            kinds.add(kind);
        }
        assertEquals(KINDS.keySet(), kinds);
    }

    @Test
    void conflistIsTheShippedOne() {
        String conflist =
                Manifest.ofKind("ConfigMap").at("/data/10-towpath.conflist").asText();
        ObjectNode list = (ObjectNode) Json.read(conflist);
        JsonNode policy = ((ObjectNode) list.path("plugins").path(0)).remove("policy");
        assertEquals(Json.object("{'type':'k8s'}"), policy);
        assertEquals(NetConf.shippedList(), list);
    }

    @Test
    void netConfIsFlannels() {
        JsonNode conf =
                Json.read(Manifest.ofKind("ConfigMap").at("/data/net-conf.json").asText());
        assertEquals("10.244.0.0/16", conf.path("Network").asText());
        assertEquals("vxlan", conf.at("/Backend/Type").asText());
    }

    @Test
    void everyMountHasItsVolumeAndEveryVolumeItsMount() {
        Set<String> volumes = new HashSet<>(pod.path("volumes").findValuesAsText("name"));
        volumes.remove("towpath-config");
        Set<String> mounted = new HashSet<>();
        for (JsonNode container : pod.path("containers")) {
            mounted.addAll(container.path("volumeMounts").findValuesAsText("name"));
        }
        assertEquals(mounted, volumes);
    }

    @Test
    void nothingIsPrivileged() {
        assertFalse(pod.toString().contains("\"privileged\""), "capabilities instead");
        for (JsonNode container : pod.path("containers")) {
            assertEquals(
                    "[\"ALL\"]",
                    container.at("/securityContext/capabilities/drop").toString());
        }
        assertEquals(List.of("net_admin"), Manifest.agentCapabilities());
        assertEquals(
                "[\"DAC_OVERRIDE\"]",
                Manifest.container("install")
                        .at("/securityContext/capabilities/add")
                        .toString());
    }

    /** With less, the kernel kills what would have told that memory is used up. */
    @Test
    void theAgentsLimitIsMoreThanItsHeapCanTake() throws IOException {
        Matcher heap = HEAP.matcher(Files.readString(Dockerfile.project().resolve("node-agent/native-image.args")));
        assertTrue(heap.find());
        long most = (Long.parseLong(heap.group(1)) << 20) + BESIDE_HEAP;
        assertTrue(Manifest.memoryLimit(Manifest.container("agent")) >= most, () -> most + " bytes");
    }

    @Test
    void everyContainerHasAProbeThatWaitsForAStarvedNode() {
        for (JsonNode container : pod.path("containers")) {
            assertTrue(container.has("readinessProbe"), container::toString);
        }
        for (JsonNode probe : pod.path("containers").findValues("readinessProbe")) {
            assertEquals(5, probe.path("timeoutSeconds").asInt(), probe::toString);
        }
        JsonNode liveness = Manifest.container("agent").path("livenessProbe");
        assertEquals(5, liveness.path("timeoutSeconds").asInt(), liveness::toString);
        assertEquals(
                "100m",
                Manifest.container("agent").at("/resources/requests/cpu").asText());
    }

    /** The file outlives the container, so each run begins without it. */
    @Test
    void installIsReadyByTheFileThatItMakesAtTheEnd() {
        JsonNode install = Manifest.container("install");
        JsonNode probe = install.at("/readinessProbe/exec/command");
        String file = probe.path(2).asText();
        assertEquals(
                List.of("test", "-e", file),
                List.of(probe.path(0).asText(), probe.path(1).asText(), file));
        String script = install.at("/args/0").asText();
        assertTrue(script.indexOf("rm -f " + file) < script.indexOf("towpath-node install"), script);
        assertTrue(script.indexOf("touch " + file) > script.indexOf("towpath-node install"), script);
        assertTrue(
                install.path("volumeMounts").findValuesAsText("mountPath").stream()
                        .anyMatch(path -> file.startsWith(path + "/")),
                "the root is read-only");
    }

    @Test
    void theImageHasWhatTheContainersRun() {
        List<Dockerfile.Copy> copies = Dockerfile.shipped().copies();
        Set<String> image = copies.stream().map(Dockerfile.Copy::target).collect(Collectors.toSet());
        assertTrue(image.contains("/usr/local/bin/towpath-node"), image::toString);
        assertEquals(
                "towpath-node", Manifest.container("agent").at("/command/0").asText());
        String script = Manifest.container("install").at("/args/0").asText();
        assertTrue(
                image.stream().anyMatch(file -> script.contains("towpath-node install --executable " + file + " ")),
                script);
        assertTrue(image.contains("/opt/towpath/10-towpath.conflist"), image::toString);
        for (Dockerfile.Copy copy : copies) {
            Path source = copy.source();
            boolean isThere = Files.exists(source);
            boolean isBuilt = "target"
                    .equals(String.valueOf(
                            Objects.requireNonNull(source.getParent()).getFileName()));
            assertTrue(isThere || isBuilt, source::toString);
        }
    }

    /** Whoever scrapes finds the port by its name, by the annotation, and by the monitor. */
    @Test
    void metricsAreWhereItIsSaid() throws IOException {
        JsonNode agent = Manifest.container("agent");
        assertEquals("--metrics-ip=$(NODE_IP)", agent.at("/command/2").asText());
        assertTrue(agent.path("env").findValuesAsText("name").contains("NODE_IP"));
        JsonNode annotations = Manifest.ofKind("DaemonSet").at("/spec/template/metadata/annotations");
        assertEquals(
                agent.at("/ports/0/containerPort").asText(),
                annotations.path("prometheus.io/port").asText());
        JsonNode monitor = Manifest.documents(
                        Files.readString(Dockerfile.project().resolve("conf/kubernetes/podmonitor.yaml")))
                .getFirst();
        assertEquals(agent.at("/ports/0/name"), monitor.at("/spec/podMetricsEndpoints/0/port"));
        assertEquals(
                Manifest.ofKind("DaemonSet").at("/spec/selector/matchLabels"),
                monitor.at("/spec/selector/matchLabels"));
        assertEquals(Manifest.ofKind("DaemonSet").at("/metadata/namespace"), monitor.at("/metadata/namespace"));
    }

    @Test
    void selectorFitsThePods() {
        JsonNode spec = Manifest.ofKind("DaemonSet").path("spec");
        assertEquals(spec.at("/selector/matchLabels"), spec.at("/template/metadata/labels"));
    }
}
