package io.towpath.agent.source.kube;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.fabric8.kubernetes.api.model.DefaultKubernetesResourceList;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import org.jspecify.annotations.Nullable;

/**
 * A {@code ClusterNetworkPolicy} of policy.networking.k8s.io, v1beta1 or v1alpha2, which have the same fields; a custom resource. Read as
 * {@link KubeNetworkPolicy}.
 */
@JsonDeserialize(using = JsonDeserializer.None.class)
@JsonIgnoreProperties(ignoreUnknown = true)
final class KubeClusterPolicy implements HasMetadata {
    private static final long serialVersionUID = 1;

    private String version = "";
    private ObjectMeta metadata = new ObjectMeta();
    // Read as JSON alone.
    private transient @Nullable JsonNode spec;

    /** {@code ClusterNetworkPolicyList}. */
    @JsonDeserialize(using = JsonDeserializer.None.class)
    @JsonIgnoreProperties(ignoreUnknown = true)
    static final class Items extends DefaultKubernetesResourceList<KubeClusterPolicy> {
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
        return version;
    }

    @Override
    public void setApiVersion(String version) {
        this.version = version;
    }

    public @Nullable JsonNode getSpec() {
        return spec;
    }

    public void setSpec(@Nullable JsonNode spec) {
        this.spec = spec;
    }
}
