package dev.lockstep.runtime.tls;

import dev.lockstep.messaging.schedule.PeriodicTask;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.shareddata.Shareable;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the files of a server's certificate again regularly, and gives a changed certificate to the servers. If the new files cannot be
 * used, the servers keep the certificate that they have. Start and stop it on one Vert.x context; {@link #current} and {@link #warning} are
 * thread-safe.
 */
public final class CertificateReload implements Shareable {
    private static final Logger LOGGER = LoggerFactory.getLogger(CertificateReload.class);
    private static final Duration INTERVAL = Duration.ofSeconds(5);

    private final Vertx vertx;
    private final CertificateFiles files;
    private final Function<ServerCertificate, Future<?>> install;
    private final MultiGauge expiry;
    private final PeriodicTask checks;
    private volatile ServerCertificate current;

    /**
     * @param first the certificate that the servers have
     * @param install gives another certificate to the servers, for new connections
     */
    public CertificateReload(
            Vertx vertx,
            CertificateFiles files,
            ServerCertificate first,
            Function<ServerCertificate, Future<?>> install,
            MeterRegistry meters) {
        this.vertx = vertx;
        this.files = files;
        this.install = install;
        this.current = first;
        this.expiry = MultiGauge.builder("lockstep.certificate.expiry.timestamp")
                .description("when the certificate expires, in seconds since 1970")
                .baseUnit("seconds")
                .tags("store", "http")
                .register(meters);
        this.checks = new PeriodicTask(vertx, "reading the HTTPS certificate again", INTERVAL, this::check);
        export(first);
    }

    public void start() {
        checks.startAfter(INTERVAL);
    }

    /** Completes once no check is in progress. */
    public Future<Void> stop() {
        return checks.stop();
    }

    /** The certificate that new connections get. */
    public ServerCertificate current() {
        return current;
    }

    /** Why the files cannot be used or the certificate is not valid now, in one sentence. Empty if there is no problem. */
    public Optional<String> warning() {
        ServerCertificate served = current;
        Optional<String> kept = checks.problem()
                .map(problem ->
                        problem + "; the previous certificate remains in use, which expires at " + served.expires());
        return kept.or(() -> served.expires().isBefore(Instant.now())
                ? Optional.of("the certificate of " + CertificateFiles.CERTIFICATE_SETTING + " expired at "
                        + served.expires() + ", so clients refuse it: replace the file")
                : Optional.empty());
    }

    private Future<Boolean> check() {
        return files.read(vertx).compose(this::installIfChanged).map(false);
    }

    private Future<Void> installIfChanged(ServerCertificate read) {
        if (read.sameAs(current)) {
            return Future.succeededFuture();
        }
        if (read.expires().isBefore(Instant.now()) && current.expires().isAfter(Instant.now())) {
            return Future.failedFuture(new UnusableCertificateException(
                    CertificateFiles.CERTIFICATE_SETTING + " " + files.certificate() + " expired at " + read.expires(),
                    null));
        }
        return install.apply(read).onSuccess(installed -> installed(read)).mapEmpty();
    }

    private void installed(ServerCertificate read) {
        current = read;
        export(read);
        LOGGER.atInfo()
                .addKeyValue(
                        "subject",
                        read.chain().getFirst().getSubjectX500Principal().getName())
                .addKeyValue("expires", read.expires())
                .log("new connections get the changed HTTPS certificate");
    }

    private void export(ServerCertificate served) {
        expiry.register(
                served.chain().stream()
                        .distinct()
                        .map(certificate -> MultiGauge.Row.of(
                                Tags.of(
                                        "subject",
                                        certificate.getSubjectX500Principal().getName(),
                                        "serial",
                                        certificate.getSerialNumber().toString(16)),
                                certificate.getNotAfter().toInstant().getEpochSecond()))
                        .toList(),
                true);
    }
}
