package io.towpath.agent.source.kube;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.fabric8.kubernetes.api.model.DefaultKubernetesResourceList;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.Singular;
import io.fabric8.kubernetes.model.annotation.Version;
import org.jspecify.annotations.Nullable;

/** A {@code ClusterNetworkPolicy} of policy.networking.k8s.io/v1alpha2, a custom resource; read as {@link KubeNetworkPolicy}. */
@Group("policy.networking.k8s.io")
@Version("v1alpha2")
@Kind("ClusterNetworkPolicy")
@Plural("clusternetworkpolicies")
@Singular("clusternetworkpolicy")
@JsonDeserialize(using = JsonDeserializer.None.class)
@JsonIgnoreProperties(ignoreUnknown = true)
final class KubeClusterPolicy implements HasMetadata {
    private static final long serialVersionUID = 1;

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
        return "policy.networking.k8s.io/v1alpha2";
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
