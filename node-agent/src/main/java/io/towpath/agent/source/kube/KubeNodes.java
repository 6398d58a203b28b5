package io.towpath.agent.source.kube;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.fabric8.kubernetes.api.model.DefaultKubernetesResourceList;

/** A {@code NodeList} of the API. */
@JsonDeserialize(using = JsonDeserializer.None.class)
@JsonIgnoreProperties(ignoreUnknown = true)
final class KubeNodes extends DefaultKubernetesResourceList<KubeNode> {
    private static final long serialVersionUID = 1;
}
