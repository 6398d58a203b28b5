package io.towpath.agent.cache;

import io.towpath.agent.log.Log;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.source.PolicySource;
import io.towpath.agent.status.AgentStatus.Unenforced;
import io.towpath.agent.status.Ages;
import io.towpath.ipam.Boot;
import io.towpath.linux.LinuxException;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Nft;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.nft.PolicyTable;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A source of policies that is known from before: what it last told an agent is told at the start, until the source itself tells
 * something.
 *
 * <p>What is kept may be older than what is in force, and must never take its place, as it may deny less. So it is told only where
 * no policies are in force, as after a boot, or where it is known to be what is in force.
 */
public final class CachedPolicySource implements PolicySource {
    private static final String FILE = "policy-facts.json";

    /** How often what is kept is noted to hold still. */
    private static final Duration CONFIRMING = Duration.ofMinutes(1);

    private final PolicySource source;
    private final Cache cache;
    private final CachedFile file;
    private final InForceMark mark;
    private final Clock clock;
    private final Log log;

    private final Object gate = new Object();
    private @Nullable Listener listener;
    private @Nullable PolicyFacts told;
    private @Nullable PolicyFacts written;
    private @Nullable String trouble;

    /**
     * A source; nothing is asked or read before {@link #start}.
     *
     * @param stateDirectory a folder that a reboot empties
     */
    public CachedPolicySource(PolicySource source, Cache cache, String stateDirectory, Clock clock) {
        this.source = source;
        this.cache = cache;
        this.clock = clock;
        log = cache.log();
        file = cache.file(FILE, KeptFacts.KIND);
        mark = new InForceMark(stateDirectory);
    }

    /** As {@link PolicySource#start}; to be called in the node's network namespace, before anything is put into force. */
    @Override
    public void start(Listener to) {
        synchronized (gate) {
            listener = to;
        }
        boolean isTableThere = isTableThere();
        cache.run(() -> tellKept(isTableThere), Duration.ZERO);
        cache.run(this::confirmNowAndThen, CONFIRMING);
        source.start(new Passing());
    }

    /** Whoever cannot tell takes it for there. */
    private static boolean isTableThere() {
        try (Nft nft = Nft.open()) {
            return PolicyTable.isThere(nft);
        } catch (NetlinkException _) {
            return true; // who enforces will say what is wrong
        }
    }

    private void tellKept(boolean isTableThere) {
        KeptFacts kept = file.read((in, _) -> FactsReader.read(in));
        if (kept == null) {
            return;
        }
        try {
            if (isTableThere && !kept.id().equals(mark.read())) {
                log.info(
                        "what was known of policies before is not used",
                        "file",
                        file.path(),
                        "reason",
                        "what is in force is newer, and stays until the source tells");
                return;
            }
            Instant now = clock.instant();
            Instant held = file.held(now);
            PolicyFacts facts = kept.in(Boot.CURRENT.id(), cache.node(), held);
            synchronized (gate) {
                if (told != null || listener == null) {
                    return;
                }
                mark.set(kept.id());
                listener.policy(facts);
            }
            Facts all = facts.facts();
            log.info(
                    "policies as they were known before are enforced until the source tells",
                    "known",
                    Ages.ago(Duration.between(held, now)),
                    "policies",
                    all.policies().size() + all.clusterPolicies().size(),
                    "pods",
                    all.pods().size());
        } catch (IOException e) {
            log.warn("what was known before is not used", "file", file.path(), "problem", e.getMessage());
        }
    }

    /** Passes on what the source tells, and has it written. */
    private final class Passing implements Listener {
        @Override
        public void policy(PolicyFacts facts) {
            synchronized (gate) {
                if (listener == null) {
                    return;
                }
                told = facts;
                clearMark();
                listener.policy(facts);
            }
            keep(facts);
        }

        @Override
        public void policyTrouble(@Nullable String message) {
            synchronized (gate) {
                trouble = message;
                if (listener != null) {
                    listener.policyTrouble(message);
                }
            }
        }

        @Override
        public void unenforced(Unenforced now) {
            synchronized (gate) {
                if (listener != null) {
                    listener.unenforced(now);
                }
            }
        }
    }

    private void clearMark() {
        try {
            mark.clear();
        } catch (LinuxException e) {
            log.problem("what is kept of policies", e.getMessage());
        }
    }

    private void keep(PolicyFacts facts) {
        String id = UUID.randomUUID().toString();
        file.keep(out -> FactsWriter.write(out, new KeptFacts(id, Boot.CURRENT.id(), facts)), () -> {
            synchronized (gate) {
                written = facts;
                if (isCurrent()) {
                    setMark(id);
                }
            }
        });
    }

    private void setMark(String id) {
        try {
            mark.set(id);
            log.problem("what is kept of policies", null);
        } catch (LinuxException e) {
            log.problem("what is kept of policies", e.getMessage());
        }
    }

    /** Whether what was told last is on the disk; with the gate. */
    // Whatever else is told is another object.
    @SuppressWarnings("ReferenceEquality")
    private boolean isCurrent() {
        return told != null && told == written;
    }

    private void confirmNowAndThen() {
        cache.run(this::confirmNowAndThen, CONFIRMING);
        confirm();
    }

    private void confirm() {
        synchronized (gate) {
            if (trouble != null || !isCurrent()) {
                return;
            }
        }
        file.confirm(clock.instant());
    }

    @Override
    public void close() {
        source.close();
        cache.run(this::confirm, Duration.ZERO);
        synchronized (gate) {
            listener = null;
        }
    }
}
