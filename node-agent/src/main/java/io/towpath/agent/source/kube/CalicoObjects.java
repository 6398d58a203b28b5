package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.agent.log.Uncaught;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Asks an API server which objects of {@link CalicoKind} it has. The store is {@code crd.projectcalico.org/v1}, or {@code
 * projectcalico.org/v3} where the first has none of the kinds: an API server of Calico's shows the same objects in both.
 */
final class CalicoObjects {
    private static final String GROUPS = "/apis";

    private static final List<Store> STORES =
            List.of(new Store("crd.projectcalico.org", "v1"), new Store("projectcalico.org", "v3"));

    /** Objects of one answer, of which only the metadata are asked for. */
    private static final int PAGE = 500;

    /** A page that is too long is asked for again with so many times fewer. */
    private static final int SHORTER = 8;

    private final ApiCalls calls;
    private final ApiConnection connection;

    /** Where objects are. */
    private record Store(String group, String version) {
        String path() {
            return GROUPS + '/' + group + '/' + version;
        }
    }

    /**
     * What there is of a kind.
     *
     * @param resource the kind's full name, such as {@code tiers.crd.projectcalico.org}
     * @param names of users' objects, in a namespace as {@code namespace/name}
     * @param failure why they could not be listed, null if they could
     */
    record Listed(
            String resource, List<String> names, @Nullable Throwable failure) {}

    /** @param connection what came is read on its thread */
    CalicoObjects(ApiCalls calls, ApiConnection connection) {
        this.calls = calls;
        this.connection = connection;
    }

    /** What there is of the kinds that are there; fails as the futures of {@link ApiCalls} if it is not known which are. */
    CompletableFuture<Map<CalicoKind, Listed>> ask() {
        return calls.get(GROUPS, JsonNode.class)
                .thenComposeAsync(
                        all -> {
                            Belief.require(all, "APIGroupList", "apiVersion", "v1");
                            List<Store> there = new ArrayList<>(STORES);
                            there.removeIf(store -> !has(all.path("groups"), store.group));
                            return kinds(there);
                        },
                        connection::run);
    }

    /** Looks from the first of the stores on. */
    private CompletableFuture<Map<CalicoKind, Listed>> kinds(List<Store> stores) {
        if (stores.isEmpty()) {
            return CompletableFuture.completedFuture(Map.of());
        }
        Store store = stores.getFirst();
        return calls.get(store.path(), JsonNode.class)
                .thenApply(resources -> {
                    Belief.require(resources, "APIResourceList", "groupVersion", store.group + '/' + store.version);
                    Set<CalicoKind> served = EnumSet.allOf(CalicoKind.class);
                    served.removeIf(kind -> !has(resources.path("resources"), kind.plural));
                    return served;
                })
                .exceptionallyCompose(failure -> isNotFound(failure)
                        ? CompletableFuture.completedFuture(EnumSet.noneOf(CalicoKind.class)) // in another version
                        : CompletableFuture.failedFuture(failure))
                .thenComposeAsync(
                        served -> served.isEmpty()
                                ? kinds(stores.subList(1, stores.size()))
                                : lists(store, List.copyOf(served)),
                        connection::run);
    }

    private CompletableFuture<Map<CalicoKind, Listed>> lists(Store store, List<CalicoKind> kinds) {
        CompletableFuture<Map<CalicoKind, Listed>> all =
                CompletableFuture.completedFuture(new EnumMap<>(CalicoKind.class));
        for (CalicoKind kind : kinds) {
            // One after the other.
            all = all.thenCompose(listed -> list(store, kind).thenApply(one -> {
                listed.put(kind, one);
                return listed;
            }));
        }
        return all;
    }

    private CompletableFuture<Listed> list(Store store, CalicoKind kind) {
        String resource = kind.plural + '.' + store.group;
        return pages(kind, store.path() + '/' + kind.plural, "", 0, new LinkedHashSet<>())
                .handle((names, failure) -> {
                    Uncaught.endIfMust(failure);
                    if (failure == null) {
                        return new Listed(resource, ofUsers(kind, names), null);
                    }
                    // Not found: removed meanwhile, with all that there were.
                    return new Listed(resource, List.of(), isNotFound(failure) ? null : failure);
                });
    }

    private static List<String> ofUsers(CalicoKind kind, Set<String> names) {
        return names.stream()
                .filter(name -> kind.isOfUser(name.substring(name.indexOf('/') + 1)))
                .toList();
    }

    /**
     * Those on a page and all after it, with the names that are known.
     *
     * @param barren how many pages before this one had nothing new on them
     */
    private CompletableFuture<Set<String>> pages(
            CalicoKind kind, String path, String page, int barren, Set<String> names) {
        try {
            connection.room().require(kind.plural);
        } catch (ApiRefusal e) {
            return CompletableFuture.failedFuture(e);
        }
        String from = page.isEmpty() ? "" : "&continue=" + ApiCalls.encoded(page);
        return page(path, from, PAGE)
                .thenComposeAsync(
                        list -> {
                            Belief.requireMetadata(list, kind.isNamespaced);
                            boolean isNew = false;
                            for (JsonNode item : list.path("items")) {
                                JsonNode metadata = item.path("metadata");
                                String name = metadata.path("name").asText();
                                isNew |= names.add(
                                        kind.isNamespaced
                                                ? metadata.path("namespace").asText() + '/' + name
                                                : name);
                            }
                            String next = list.path("metadata").path("continue").asText("");
                            if (next.isEmpty()) {
                                return CompletableFuture.completedFuture(names);
                            }
                            int barrenNow = isNew ? 0 : barren + 1;
                            return barrenNow == PagedList.MOST_BARREN
                                    ? CompletableFuture.failedFuture(PagedList.endless(kind.plural))
                                    : pages(kind, path, next, barrenNow, names);
                        },
                        connection::run);
    }

    private CompletableFuture<JsonNode> page(String path, String from, int size) {
        return calls.metadata(path + "?limit=" + size + from)
                .exceptionallyCompose(failure -> PagedList.isTooLong(failure) && size > 1
                        ? page(path, from, Math.max(1, size / SHORTER))
                        : CompletableFuture.failedFuture(failure));
    }

    private static boolean has(JsonNode all, String name) {
        for (JsonNode each : all) {
            if (name.equals(each.path("name").asText())) {
                return true;
            }
        }
        return false;
    }

    private static boolean isNotFound(Throwable failure) {
        ApiRefusal refusal = Failures.refusal(failure);
        return refusal != null && refusal.isNotFound();
    }
}
