package io.towpath.agent.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.towpath.ipam.Attachment;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * Whose attachments are, by what the container runtime keeps of each from ADD to DEL: the file {@code network-container-interface} of
 * libcni, which has the arguments that name the pod.
 *
 * @param folder of these files
 */
public record PodNames(String folder) {
    /** Where a lease does not tell the interface, this one is meant. */
    private static final String FIRST_INTERFACE = "eth0";

    private static final int LIMIT = 1 << 20;
    private static final String OPTION = "--results-dir";
    private static final JsonMapper MAPPER = new JsonMapper();

    /** The option that says where they are. */
    public static OptionSpec option() {
        return Cli.text(
                OPTION,
                "DIR",
                "/var/lib/cni/results",
                "What the container runtime keeps of attachments; it names pods.");
    }

    /** By {@link #option}. */
    public static PodNames of(ParseResult options) {
        return new PodNames(Cli.value(options, OPTION));
    }

    /** The pod of an attachment as {@code namespace/name}; null if the runtime keeps nothing of it that can be read and names one. */
    public @Nullable String of(String network, Attachment attachment) {
        String container = attachment.containerId();
        String link = attachment.interfaceName().isEmpty() ? FIRST_INTERFACE : attachment.interfaceName();
        String name = network + "-" + container + "-" + link;
        if (name.indexOf('/') >= 0) {
            return null;
        }
        String namespace = "";
        String pod = "";
        for (JsonNode argument : arguments(name)) {
            switch (argument.path(0).asText()) {
                case "K8S_POD_NAMESPACE" -> namespace = argument.path(1).asText();
                case "K8S_POD_NAME" -> pod = argument.path(1).asText();
                default -> {}
            }
        }
        return namespace.isEmpty() || pod.isEmpty() ? null : namespace + "/" + pod;
    }

    /** None of a file that is missing, not to be read or half written: the lease is listed all the same. */
    private JsonNode arguments(String name) {
        try {
            byte[] content = Linux.readFile(folder + "/" + name, LIMIT);
            return content == null
                    ? MAPPER.missingNode()
                    : MAPPER.readTree(content).path("cniArgs");
        } catch (LinuxException | JsonProcessingException _) {
            return MAPPER.missingNode();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // of an array there is none
        }
    }
}
