package io.towpath.agent.source.kube;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A {@code Node} of the API, core/v1, with the little of it that an overlay or a policy needs. The rest, mostly the images on the node's
 * disk, is skipped as it is read.
 */
@JsonDeserialize(using = JsonDeserializer.None.class)
@JsonIgnoreProperties(ignoreUnknown = true)
final class KubeNode implements HasMetadata {
    private static final long serialVersionUID = 1;

    private ObjectMeta metadata = new ObjectMeta();
    // Read and written as JSON alone.
    private transient @Nullable Spec spec;
    private transient @Nullable Status status;

    /** {@code NodeSpec}. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Spec(
            @JsonProperty("podCIDR") @Nullable String podCidr,
            @JsonProperty("podCIDRs") @Nullable List<String> podCidrs) {}

    /** {@code NodeStatus}. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Status(
            @Nullable List<Condition> conditions, @Nullable List<Address> addresses) {}

    /** {@code NodeAddress}. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Address(@Nullable String type, @Nullable String address) {}

    /** {@code NodeCondition}. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Condition(
            @Nullable String type,
            @Nullable String status,
            @Nullable String reason,
            @Nullable String message) {}

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

    /** Its parts of the pods' network as they are written, none before it has any. */
    List<String> podCidrs() {
        Spec given = spec;
        if (given == null) {
            return List.of();
        }
        if (given.podCidrs != null && !given.podCidrs.isEmpty()) {
            return given.podCidrs;
        }
        return given.podCidr == null || given.podCidr.isEmpty() ? List.of() : List.of(given.podCidr);
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
