package dev.lockstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.jar.JarFile;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Builds the jars again from the same sources in another folder and compares them with the jars of this build. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@Tag("slow")
class ReproducibleJarsIT {
    private static final Set<String> NOT_COPIED = Set.of(".git", ".lockstep", "docs", "node_modules");
    private static final List<String> JARS = List.of(
            "contracts/target/contracts-0.1.0-SNAPSHOT.jar",
            "outbox/messaging/target/messaging-0.1.0-SNAPSHOT.jar",
            "outbox/relay/target/relay-0.1.0-SNAPSHOT.jar",
            "infra/runtime/target/runtime-0.1.0-SNAPSHOT.jar",
            "infra/launcher/target/launcher-0.1.0-SNAPSHOT.jar",
            "order-verticle/target/order-verticle.jar");

    @TempDir
    Path copy;

    @Test
    void the_same_sources_give_the_same_jars() throws Exception {
        copyRepository();

        // Compiling every module again would take minutes, and javac is the same for all of them.
        build("-pl", "contracts");
        build("-pl", "order-verticle", "-am", "-Dmaven.main.skip=true");

        TreeMap<String, String> first = new TreeMap<>();
        TreeMap<String, String> second = new TreeMap<>();
        for (String jar : JARS) {
            first.put(jar, sha256(FindJdkIT.repository().resolve(jar)));
            second.put(jar, sha256(copy.resolve(jar)));
        }
        assertThat(second).isEqualTo(first);
    }

    @Test
    void a_service_carries_its_bill_of_materials() throws Exception {
        try (JarFile jar = new JarFile(FindJdkIT.repository()
                .resolve("order-verticle/target/order-verticle.jar")
                .toFile())) {
            String materials = new String(
                    jar.getInputStream(jar.getEntry("META-INF/sbom/application.cdx.json"))
                            .readAllBytes(),
                    StandardCharsets.UTF_8);
            assertThat(materials)
                    .contains("\"bomFormat\"", "pkg:maven/io.netty/netty-codec-http@", "pkg:maven/io.debezium/")
                    .doesNotContain("org.eclipse.jetty", "junit");
        }
    }

    // Copies only the classes of the built modules, and of contracts the sources, which are compiled again.
    private void copyRepository() throws IOException {
        Path from = FindJdkIT.repository();
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) throws IOException {
                Path relative = from.relativize(folder);
                if (NOT_COPIED.contains(folder.getFileName().toString())
                        || relative.equals(Path.of("contracts", "target"))
                        || (isIn(relative, "target") && !isIn(relative, "classes") && !relative.endsWith("target"))) {
                    return FileVisitResult.SKIP_SUBTREE;
                }
                Files.createDirectories(copy.resolve(relative.toString()));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Path relative = from.relativize(file);
                if (attributes.isRegularFile() && (!isIn(relative, "target") || isIn(relative, "classes"))) {
                    Files.copy(file, copy.resolve(relative.toString()));
                }
                return FileVisitResult.CONTINUE;
            }
        });
        Files.delete(copy.resolve("order-verticle/target/classes/META-INF/sbom/application.cdx.json"));
        assertThat(copy.resolve("mvnw").toFile().setExecutable(true)).isTrue();
    }

    private static boolean isIn(Path relative, String folder) {
        for (Path part : relative) {
            if (part.toString().equals(folder)) {
                return true;
            }
        }
        return false;
    }

    // Not offline, because the SBOM plug-in is skipped in offline mode.
    private void build(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(copy.resolve("mvnw").toString(), "-B", "package"));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-Dmaven.test.skip=true", "-Dspotless.check.skip=true", "-Dcheckstyle.skip=true"));
        String localRepository = System.getProperty("localRepository");
        if (localRepository != null) {
            command.add("-Dmaven.repo.local=" + localRepository);
        }
        Process process = new ProcessBuilder(command)
                .directory(copy.toFile())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
    }

    private static String sha256(Path file) throws IOException, NoSuchAlgorithmException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    }
}
