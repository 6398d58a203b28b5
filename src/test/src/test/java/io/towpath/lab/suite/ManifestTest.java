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
import io.towpath.lab.Json;
import io.towpath.lab.Manifest;
import io.towpath.lab.NetConf;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

    private final JsonNode pod = Manifest.ofKind("DaemonSet").at("/spec/template/spec");

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
    }

    @Test
    void selectorFitsThePods() {
        JsonNode spec = Manifest.ofKind("DaemonSet").path("spec");
        assertEquals(spec.at("/selector/matchLabels"), spec.at("/template/metadata/labels"));
    }
}
