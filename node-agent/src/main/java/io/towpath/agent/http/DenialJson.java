package io.towpath.agent.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.agent.policy.denial.Denial;
import io.towpath.agent.policy.denial.Denials;
import org.jspecify.annotations.Nullable;

/** Packets that were denied, as JSON. */
final class DenialJson {
    private DenialJson() {}

    /**
     * Those after one.
     *
     * @param notTold why none is told; null if they are
     * @return with the agent's run, as another one's numbers begin anew
     */
    static ObjectNode of(Denials denials, long after, @Nullable String notTold) {
        ObjectNode json =
                JsonNodeFactory.instance.objectNode().put("run", denials.run()).put("notTold", notTold);
        ArrayNode list = json.putArray("denials");
        for (Denial denial : denials.after(after)) {
            ObjectNode each = list.addObject()
                    .put("id", denial.id())
                    .put("time", denial.time().toString())
                    .put("dryRun", !denial.enforced())
                    .put("direction", denial.direction().word())
                    .put("pod", denial.pod())
                    .put("from", denial.from())
                    .put("to", denial.to())
                    .put("port", denial.port());
            denial.policies().forEach(each.putArray("policies")::add);
            each.put("policyCount", denial.policyCount()).put("reason", denial.reason());
        }
        return json;
    }
}
