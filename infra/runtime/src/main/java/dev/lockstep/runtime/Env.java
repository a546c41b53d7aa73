package dev.lockstep.runtime;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads settings from environment variables and collects all problems with them, so that they are reported together. A variable that is
 * unset or blank is absent. Values read before {@link #build} may be placeholders: use them only inside it, or in {@link #check}.
 */
public final class Env {
    /** The shortest duration of a timer or timeout: they are set in milliseconds, and a shorter duration would become zero. */
    public static final Duration MIN_TIMEOUT = Duration.ofMillis(1);

    /** What the name of a variable ends with that names the file of a secret. */
    static final String SECRET_FILE = "_FILE";

    // Timers count in milliseconds and nanoseconds of 64 bits.
    private static final Duration MAX_DURATION = Duration.ofDays(100_000);

    private final Map<String, String> environment;
    private final List<String> problems = new ArrayList<>();

    public Env(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
    }

    /** The value of a setting without a default. The description states the meaning of the setting and gives an example. */
    public String required(String name, String description) {
        String value = find(name);
        if (value == null) {
            problems.add(name + " is required: " + description);
            return "";
        }
        return value.strip();
    }

    /** A {@linkplain #secret secret} without a default. */
    public Secret requiredSecret(String name, String description) {
        Optional<Secret> found = secret(name);
        if (found.isEmpty()) {
            problems.add(name + " is required: " + description);
        }
        return found.orElse(new Secret(""));
    }

    /**
     * A setting that is never printed. It is the value of the variable, or the content of the file that the variable with the ending {@code
     * _FILE} names; empty if neither is set. A value is not stripped, because a password may end with a blank; a file may end with a line
     * feed.
     */
    public Optional<Secret> secret(String name) {
        String fileVariable = name + SECRET_FILE;
        String value = find(name);
        String file = find(fileVariable);
        if (file == null) {
            return Optional.ofNullable(value).map(Secret::new);
        }
        if (value != null) {
            problems.add(name + " and " + fileVariable + " are both set: set only one of them");
            return Optional.of(new Secret(value));
        }
        return Optional.of(secretInFile(fileVariable, file.strip()));
    }

    private Secret secretInFile(String variable, String name) {
        try {
            Path file = Path.of(name).toAbsolutePath();
            return new Secret(SecretFile.read(file), file);
        } catch (InvalidPathException invalid) {
            problems.add(variable + " must be the path of a file, but was \"" + name + "\"");
        } catch (IllegalArgumentException unusable) {
            problems.add(variable + ": the file " + name + " " + unusable.getMessage());
        }
        return new Secret("");
    }

    public String string(String name, String defaultValue) {
        String value = find(name);
        return value == null ? defaultValue : value.strip();
    }

    /** One of the allowed words, case-insensitive. */
    public String oneOf(String name, String defaultValue, String... allowed) {
        return parse(name, defaultValue, "one of " + String.join(", ", allowed), text -> {
            String word = text.toLowerCase(Locale.ROOT);
            if (!Arrays.asList(allowed).contains(word)) {
                throw new IllegalArgumentException(text);
            }
            return word;
        });
    }

    public int integer(String name, int defaultValue) {
        return parse(name, defaultValue, "a whole number", Integer::valueOf);
    }

    public long longInteger(String name, long defaultValue) {
        return parse(name, defaultValue, "a whole number", Long::valueOf);
    }

    public boolean bool(String name, boolean defaultValue) {
        return parse(name, defaultValue, "true or false", text -> switch (text.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException(text);
        });
    }

    public Duration duration(String name, Duration defaultValue) {
        Duration value = parse(name, defaultValue, "an ISO-8601 duration such as PT30S", Duration::parse);
        boolean tooLong = value.compareTo(MAX_DURATION) > 0;
        check(!tooLong, name + " must be at most " + MAX_DURATION + ", but was " + value);
        return tooLong ? defaultValue : value;
    }

    /** Adds the problem unless {@code ok}. */
    public void check(boolean ok, String problem) {
        if (!ok) {
            problems.add(problem);
        }
    }

    /** Adds a problem if the path is not that of a file that this process may read. */
    void readableFile(String name, String path) {
        boolean readable;
        try {
            readable = Files.isReadable(Path.of(path)) && !Files.isDirectory(Path.of(path));
        } catch (InvalidPathException e) {
            readable = false;
        }
        check(readable, name + " must be a readable PEM file, but was \"" + path + "\"");
    }

    /** Adds a problem if the duration is too short for a timer or timeout. */
    public void checkTimeout(String name, Duration value) {
        check(value.compareTo(MIN_TIMEOUT) >= 0, name + " must be at least " + MIN_TIMEOUT + ", but was " + value);
    }

    /** Adds a problem if the duration is shorter or longer than allowed. */
    public void checkRange(String name, Duration value, Duration min, Duration max) {
        check(
                value.compareTo(min) >= 0 && value.compareTo(max) <= 0,
                name + " must be from " + min + " to " + max + ", but was " + value);
    }

    /**
     * Builds the settings if there are no problems.
     *
     * @throws SettingsException with every problem found so far
     */
    public <T> T build(String service, Supplier<T> settings) {
        if (!problems.isEmpty()) {
            throw new SettingsException(service, problems);
        }
        return settings.get();
    }

    /** All variables with the prefix that are not absent, by full name. */
    SortedMap<String, String> startingWith(String prefix) {
        SortedMap<String, String> found = new TreeMap<>();
        environment.forEach((name, value) -> {
            if (name.startsWith(prefix) && !value.isBlank()) {
                found.put(name, value);
            }
        });
        return found;
    }

    private <T> T parse(String name, T defaultValue, String expected, Function<String, T> parser) {
        String value = find(name);
        if (value == null) {
            return defaultValue;
        }
        try {
            return parser.apply(value.strip());
        } catch (IllegalArgumentException | DateTimeParseException e) {
            problems.add(name + " must be " + expected + ", but was \"" + value + "\"");
            return defaultValue;
        }
    }

    private @Nullable String find(String name) {
        String value = environment.get(name);
        return value == null || value.isBlank() ? null : value;
    }
}
