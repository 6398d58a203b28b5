package io.towpath.agent.source.kube;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.fabric8.kubernetes.api.model.DefaultKubernetesResourceList;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A {@code Pod} of the API, core/v1, with what policies ask of it. The rest is skipped as it is read. */
@JsonDeserialize(using = JsonDeserializer.None.class)
@JsonIgnoreProperties(ignoreUnknown = true)
final class KubePod implements HasMetadata, Namespaced {
    private static final long serialVersionUID = 1;

    @JsonIgnoreProperties("generateName")
    private ObjectMeta metadata = new ObjectMeta();
    // Read as JSON alone.
    private transient @Nullable Spec spec;
    private transient @Nullable Status status;

    /** {@code PodList}. */
    @JsonDeserialize(using = JsonDeserializer.None.class)
    @JsonIgnoreProperties(ignoreUnknown = true)
    static final class Items extends DefaultKubernetesResourceList<KubePod> {
        private static final long serialVersionUID = 1;
    }

    /** {@code PodSpec}. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Spec(
            @Nullable String nodeName,
            @Nullable Boolean hostNetwork,
            @Nullable List<Container> containers,
            @Nullable List<Container> initContainers) {}

    /** {@code Container}. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Container(
            @Nullable String restartPolicy, @Nullable List<Port> ports) {}

    /** {@code ContainerPort}. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Port(
            @Nullable String name,
            @Nullable String protocol,
            @Nullable Integer containerPort) {}

    /** {@code PodStatus}. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Status(
            @Nullable String phase,
            @JsonProperty("podIP") @Nullable String podIp,
            @JsonProperty("podIPs") @Nullable List<PodIp> podIps) {}

    /** {@code PodIP}. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record PodIp(@Nullable String ip) {}

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
        return "v1";
    }

    @Override
    public void setApiVersion(String version) {
        // There is only the one.
    }

    public @Nullable Spec getSpec() {
        return spec;
    }

    public void setSpec(@Nullable Spec spec) {
        this.spec = spec;
    }

    public @Nullable Status getStatus() {
        return status;
    }

    public void setStatus(@Nullable Status status) {
        this.status = status;
    }
}
