package io.towpath.agent.policy.denial;

import io.towpath.netlink.nflog.PacketHeader;
import io.towpath.policy.explain.Explainer;
import io.towpath.policy.explain.Explanation;
import io.towpath.policy.explain.Nodes;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.nft.LoggedDenial;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds the policies that deny packets. Remembers the last, as denied packets come again. Not for use by several threads. */
final class Reasons {
    private static final int REMEMBERED = 4_096;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int SCTP = 132;

    private final Map<Question, Reason> remembered = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Question, Reason> eldest) {
            return size() > REMEMBERED;
        }
    };

    /** Of lists that are equal one: a pod may be isolated by thousands of policies, and denied thousands of packets. */
    private final Map<List<String>, List<String>> policies = new HashMap<>();

    private Facts facts = Facts.NONE;
    private Nodes nodes = Nodes.NONE;
    private Explainer explainer = new Explainer(facts, nodes);

    /**
     * Why a packet is denied.
     *
     * @param from who sent it, in words
     * @param to who was to receive it
     * @param policies that deny it; of equal lists one
     * @param text why, if there is none; else empty
     */
    record Reason(String from, String to, List<String> policies, String text) {}

    private record Question(
            String source, String destination, int protocol, int port, LoggedDenial denial, String pod) {}

    @SuppressWarnings("ReferenceEquality") // whatever is told anew is another object
    Reason of(Facts known, Nodes knownNodes, PacketHeader packet, LoggedDenial denial, String pod) {
        if (known != facts || knownNodes != nodes) {
            facts = known;
            nodes = knownNodes;
            explainer = new Explainer(known, knownNodes);
            remembered.clear();
            policies.clear();
        }
        Question question = new Question(
                packet.source().toString(),
                packet.destination().toString(),
                packet.protocol(),
                packet.destinationPort(),
                denial,
                pod);
        return remembered.computeIfAbsent(question, this::find);
    }

    private Reason find(Question question) {
        Protocol protocol = question.port == PacketHeader.NONE ? null : protocol(question.protocol);
        Explanation explanation =
                explainer.packet(question.source, question.destination, protocol, Math.max(0, question.port));
        Explanation.Verdict verdict = verdict(explanation, question);
        if (verdict == null) {
            return new Reason(
                    explanation.from().text(),
                    explanation.to().text(),
                    List.of(),
                    "the address is not " + question.pod + "'s");
        }
        if (verdict.allowed()) {
            return new Reason(
                    explanation.from().text(), explanation.to().text(), List.of(), "by now no policy denies it");
        }
        List<String> denying = policies.computeIfAbsent(
                verdict.policies().stream().map(Explanation.Policy::toString).toList(), list -> list);
        return new Reason(explanation.from().text(), explanation.to().text(), denying, "");
    }

    private static Explanation.@Nullable Verdict verdict(Explanation explanation, Question question) {
        for (Explanation.Side side : explanation.sides()) {
            if (side.direction() == question.denial.direction() && side.pod().equals(question.pod)) {
                return question.denial.enforced() ? side.enforced() : side.tried();
            }
        }
        return null;
    }

    private static @Nullable Protocol protocol(int number) {
        return switch (number) {
            case TCP -> Protocol.TCP;
            case UDP -> Protocol.UDP;
            case SCTP -> Protocol.SCTP;
            default -> null;
        };
    }
}
