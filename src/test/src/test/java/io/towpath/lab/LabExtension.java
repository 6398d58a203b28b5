package io.towpath.lab;

import java.io.IOException;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** What {@link OnLab} means. */
final class LabExtension implements ExecutionCondition, BeforeAllCallback {
    private static final ExtensionContext.Namespace KEYS = ExtensionContext.Namespace.create(LabExtension.class);

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        return Libc.isRoot()
                ? ConditionEvaluationResult.enabled("run by root")
                : ConditionEvaluationResult.disabled("needs root, for network namespaces");
    }

    /** The store closes what is in it after everything else of the class, after {@code @AfterAll} too. */
    @Override
    public void beforeAll(ExtensionContext context) throws IOException {
        DeadLabs.remove();
        context.getStore(KEYS).put("before", new Leftovers());
    }
}
