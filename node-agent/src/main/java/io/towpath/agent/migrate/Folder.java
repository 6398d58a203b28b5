package io.towpath.agent.migrate;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A folder that is removed with all that is in it. */
final class Folder {
    private Folder() {}

    /**
     * Removes what is in a folder, and itself if that is all there was; a folder that something is mounted on stays, empty.
     *
     * @param stays what not to touch, with all below
     * @return the files that were removed, or would be
     */
    static List<String> clear(String folder, Predicate<Path> stays, boolean dryRun) throws IOException {
        Path root = Path.of(folder);
        List<String> files = new ArrayList<>();
        if (!Files.isDirectory(root)) {
            return files;
        }
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
                return stays.test(path) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) throws IOException {
                if (!stays.test(path)) {
                    files.add(path.toString());
                    if (!dryRun) {
                        Files.deleteIfExists(path);
                    }
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path path, @Nullable IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                if (!dryRun) {
                    removeEmpty(path);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return files;
    }

    /** What something is mounted on cannot be removed: it is busy, or in a container's file system, which is read-only. */
    private static void removeEmpty(Path folder) throws IOException {
        try {
            Files.delete(folder);
        } catch (DirectoryNotEmptyException _) {
            // with what stays
        } catch (FileSystemException e) {
            String reason = String.valueOf(e.getReason());
            if (!reason.endsWith("esource busy") && !reason.equals("Read-only file system")) {
                throw e;
            }
        }
    }

    /** Removes one file. */
    static List<String> remove(String file, boolean dryRun) throws IOException {
        Path path = Path.of(file);
        if (!Files.exists(path)) {
            return List.of();
        }
        if (!dryRun) {
            Files.delete(path);
        }
        return List.of(file);
    }
}
