package io.towpath.lab;

import java.io.IOException;
import java.nio.file.Path;
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
        removeWhatTheDeadLeft();
        context.getStore(KEYS).put("before", new Leftovers());
    }

    /** A run that was killed could not clean up; nobody else will. */
    private static void removeWhatTheDeadLeft() throws IOException {
        for (Path path : Lab.namespacesWith(Lab.PREFIX)) {
            String[] parts = String.valueOf(path.getFileName()).split("-", -1);
            boolean isAlive = parts.length < 3
                    || !parts[1].matches("\\d{1,9}")
                    || ProcessHandle.of(Long.parseLong(parts[1])).isPresent();
            if (!isAlive) {
                Namespace.remove(path);
            }
        }
    }
}
