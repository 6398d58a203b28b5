package io.towpath.lab;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A program to run. It gets a PATH and the variables named here, none of this process's. Immutable. */
public final class Command {
    private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private static final long DEADLINE_SECONDS = 60L * Await.SLOWNESS;
    private static final Executor READERS = Executors.newVirtualThreadPerTaskExecutor();

    private final List<String> words;
    private final Map<String, String> environment;
    private final byte[] stdin;

    private Command(List<String> words, Map<String, String> environment, byte[] stdin) {
        this.words = List.copyOf(words);
        this.environment = Map.copyOf(environment);
        this.stdin = stdin;
    }

    /** What a program left. */
    public record Outcome(String what, int exit, String out, String err) {
        /** Fails unless the program succeeded. */
        public Outcome succeeded() {
            if (exit != 0) {
                throw new AssertionError("exit code " + exit + ": " + this);
            }
            return this;
        }

        /** Fails unless the program ended with this code. */
        public Outcome exited(int code) {
            if (exit != code) {
                throw new AssertionError("exit code " + exit + ", not " + code + ": " + this);
            }
            return this;
        }

        @Override
        public String toString() {
            return what + "\nstdout: " + out + "\nstderr: " + err;
        }
    }

    /** The program and its arguments; no variables but PATH, nothing on the standard input. */
    public static Command of(String... words) {
        return new Command(List.of(words), Map.of(), new byte[0]);
    }

    /** One more variable, or another value for it. */
    public Command with(String variable, String value) {
        Map<String, String> more = new TreeMap<>(environment);
        more.put(variable, value);
        return new Command(words, more, stdin);
    }

    /** What it reads. */
    public Command stdin(byte[] bytes) {
        return new Command(words, environment, bytes.clone());
    }

    /** The same run by another program, which is to replace itself by this one. */
    public Command by(String... wrapper) {
        List<String> all = new ArrayList<>(List.of(wrapper));
        all.addAll(words);
        return new Command(all, environment, stdin);
    }

    /** With further arguments. */
    public Command and(String... arguments) {
        List<String> all = new ArrayList<>(words);
        all.addAll(List.of(arguments));
        return new Command(all, environment, stdin);
    }

    /** Starts it; its output can be read from the process. */
    public Process start() {
        return start(new ProcessBuilder(words));
    }

    /** Starts it with its output going to a file. */
    public Process startInto(Path log) {
        return start(new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(log.toFile()));
    }

    /** Starts it with its output going to the end of a file. */
    public Process appendInto(Path log) {
        return start(new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile())));
    }

    private Process start(ProcessBuilder builder) {
        Map<String, String> variables = builder.environment();
        variables.clear();
        variables.put("PATH", PATH);
        variables.putAll(environment);
        try {
            return builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot run " + this, e);
        }
    }

    /**
     * Runs it to its end, which has to come within a minute; again while iproute2 says that the kernel changed what it shows
     * under its reading.
     */
    public Outcome run() {
        Outcome outcome = finish(start());
        while (outcome.err().contains("Dump was interrupted")) {
            outcome = finish(start());
        }
        return outcome;
    }

    /** Feeds a process that was started, and waits for its end. */
    public Outcome finish(Process process) {
        CompletableFuture<String> out = reading(process.getInputStream());
        CompletableFuture<String> err = reading(process.getErrorStream());
        feed(process);
        try {
            if (!process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("no end after " + DEADLINE_SECONDS + " s: " + this);
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted: " + this, e);
        }
        return new Outcome(toString(), process.exitValue(), out.join(), err.join());
    }

    /** Writes the standard input. A process may well end without reading all of it. */
    void feed(Process process) {
        try (OutputStream input = process.getOutputStream()) {
            input.write(stdin);
        } catch (IOException e) {
            if (process.isAlive() && !isBrokenPipe(e)) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static boolean isBrokenPipe(IOException e) {
        @Nullable String message = e.getMessage();
        return message != null && (message.contains("Broken pipe") || message.contains("Stream closed"));
    }

    private static CompletableFuture<String> reading(InputStream stream) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try (stream) {
                        return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                READERS);
    }

    @Override
    public String toString() {
        return String.join(" ", words) + (environment.isEmpty() ? "" : " with " + new TreeMap<>(environment));
    }
}
