package dev.lockstep.order.violations;

import dev.lockstep.runtime.Peers;
import dev.lockstep.runtime.PeersConfig;
import dev.lockstep.runtime.ServiceConfig;
import io.vertx.core.Vertx;

/** A deliberate violation. */
public final class ShellOpeningPeers {
    public Peers open(Vertx vertx, ServiceConfig service, PeersConfig peers) {
        return Peers.open(vertx, service, peers);
    }
}
