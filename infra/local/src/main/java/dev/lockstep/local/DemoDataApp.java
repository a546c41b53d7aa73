package dev.lockstep.local;

import dev.lockstep.launcher.ExitCode;
import dev.lockstep.runtime.Env;
import dev.lockstep.runtime.PeersConfig;
import dev.lockstep.runtime.SettingsException;
import java.io.IOException;
import java.net.URI;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Creates the demo data in services that run elsewhere, such as in containers. The setting {@code PEERS} has their addresses. */
public final class DemoDataApp {
    private static final int ATTEMPTS = 30;

    private DemoDataApp() {}

    public static void main(String[] none) {
        // checkstyle off: consoleOutput, the result is the output of this command
        Console console = new Console(System.out);
        Console errors = new Console(System.err);
        // checkstyle on: consoleOutput
        System.exit(run(System.getenv(), console, errors));
    }

    static int run(Map<String, String> environment, Console console, Console errors) {
        try (Http http = new Http()) {
            DemoData data = new DemoData(http);
            for (Map.Entry<String, URI> peer : peers(environment).entrySet()) {
                Service service = Service.of(peer.getKey()).orElseThrow();
                putInto(data, service, peer.getValue());
            }
            console.line("Created, or found, " + DemoData.DESCRIPTION);
            return ExitCode.STOPPED;
        } catch (SettingsException cause) {
            errors.line(String.valueOf(cause.getMessage()));
            return ExitCode.MISCONFIGURED;
        } catch (LocalException cause) {
            errors.line(String.valueOf(cause.getMessage()));
            return ExitCode.FAILED;
        }
    }

    private static SortedMap<String, URI> peers(Map<String, String> environment) {
        Env env = new Env(environment);
        env.required("PEERS", "the addresses of the services, e.g. inventory=http://127.0.0.1:8081");
        SortedMap<String, URI> peers = PeersConfig.read(env).uris();
        peers.keySet()
                .forEach(name -> env.check(
                        Service.of(name).isPresent(),
                        "PEERS must name services out of " + Service.allIds() + ", but names " + name));
        // URI.getHost() is null for such a name, and the JDK's HTTP client then refuses the address.
        peers.forEach((name, uri) -> env.check(
                uri.getHost() != null,
                "PEERS must give " + name + " a host name without an underscore for this command, but was " + uri));
        return env.build("demo-data", () -> peers);
    }

    // The services may not answer yet. Existing data is left unchanged, so this can be repeated.
    private static void putInto(DemoData data, Service service, URI base) {
        for (int attempt = 1; ; attempt++) {
            try {
                data.putInto(service, base);
                return;
            } catch (IOException cause) {
                if (attempt == ATTEMPTS || isInterruptedWhileWaiting()) {
                    throw new LocalException("cannot create the demo data: the " + service.id() + " service at " + base
                            + " does not answer: " + cause);
                }
            }
        }
    }

    private static boolean isInterruptedWhileWaiting() {
        try {
            // The latch is never counted down. It serves as an interruptible wait.
            return new CountDownLatch(1).await(1, TimeUnit.SECONDS);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            return true;
        }
    }
}
