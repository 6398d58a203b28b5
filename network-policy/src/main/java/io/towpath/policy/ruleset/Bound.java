package io.towpath.policy.ruleset;

import org.jspecify.annotations.Nullable;

/** What an endpoint is bound by in each direction; null where nothing isolates it. */
public record Bound(@Nullable Profile ingress, @Nullable Profile egress) {}
