package io.towpath.agent.source.kube;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.fabric8.kubernetes.api.model.DefaultKubernetesResourceList;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import org.jspecify.annotations.Nullable;

/** A {@code NetworkPolicy} of networking.k8s.io/v1. What it says is read by hand, as any of it may be wrong. */
@JsonDeserialize(using = JsonDeserializer.None.class)
@JsonIgnoreProperties(ignoreUnknown = true)
final class KubeNetworkPolicy implements HasMetadata, Namespaced {
    private static final long serialVersionUID = 1;

    private ObjectMeta metadata = new ObjectMeta();
    // Read as JSON alone.
    private transient @Nullable JsonNode spec;

    /** {@code NetworkPolicyList}. */
    @JsonDeserialize(using = JsonDeserializer.None.class)
    @JsonIgnoreProperties(ignoreUnknown = true)
    static final class Items extends DefaultKubernetesResourceList<KubeNetworkPolicy> {
        private static final long serialVersionUID = 1;
    }

    @Override
    public ObjectMeta getMetadata() {
        return metadata;
    }

    @Override
    public void setMetadata(ObjectMeta metadata) {
        this.metadata = metadata;
    }

    @Override
    public String getApiVersion() {
        return "networking.k8s.io/v1";
    }

    @Override
    public void setApiVersion(String version) {
        // There is only the one.
    }

    public @Nullable JsonNode getSpec() {
        return spec;
    }

    public void setSpec(@Nullable JsonNode spec) {
        this.spec = spec;
    }
}
