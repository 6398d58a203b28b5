package io.towpath.netlink.nft;

import java.util.List;

/**
 * A rule.
 *
 * @param expressions what it does, step by step
 * @param comment empty for none, at most 128 bytes
 * @param handle the kernel's number for it, 0 if it did not come from the kernel
 */
public record Rule(Table table, String chain, List<Expression> expressions, String comment, long handle) {
    public Rule {
        expressions = List.copyOf(expressions);
    }

    /** Begins a rule of a chain. */
    public static RuleBuilder in(Chain chain) {
        return new RuleBuilder(chain.table(), chain.name());
    }

    public Rule withComment(String newComment) {
        return new Rule(table, chain, expressions, newComment, handle);
    }

    /** Whether both do the same in the same chain, counters and handles aside. */
    public boolean isSame(Rule other) {
        return table.isSame(other.table)
                && chain.equals(other.chain)
                && comment.equals(other.comment)
                && reset(expressions).equals(reset(other.expressions));
    }

    /** Whether all of them do, in this order. */
    public static boolean areSame(List<Rule> some, List<Rule> others) {
        if (some.size() != others.size()) {
            return false;
        }
        for (int i = 0; i < some.size(); i++) {
            if (!some.get(i).isSame(others.get(i))) {
                return false;
            }
        }
        return true;
    }

    /** The rule as if it had counted nothing. */
    Rule withoutCounts() {
        return new Rule(table, chain, reset(expressions), comment, handle);
    }

    /** The rule as if it had counted what another one has that is the same. */
    public Rule withCountsOf(Rule other) {
        return new Rule(table, chain, other.expressions, comment, handle);
    }

    private static List<Expression> reset(List<Expression> expressions) {
        return expressions.stream()
                .map(expression -> expression instanceof Expression.Counter ? new Expression.Counter(0, 0) : expression)
                .toList();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder().append(table).append(' ').append(chain);
        if (handle != 0) {
            text.append(" handle ").append(handle);
        }
        for (Expression expression : expressions) {
            text.append(" [ ").append(expression).append(" ]");
        }
        if (!comment.isEmpty()) {
            text.append(" comment \"").append(comment).append('"');
        }
        return text.toString();
    }
}
