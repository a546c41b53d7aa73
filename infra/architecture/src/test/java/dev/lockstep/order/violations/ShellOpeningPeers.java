package dev.lockstep.order.violations;

import dev.lockstep.runtime.Peers;
import dev.lockstep.runtime.PeersConfig;
import dev.lockstep.runtime.ServiceContext;
import io.vertx.core.Vertx;

/** A deliberate violation. */
public final class ShellOpeningPeers {
    public Peers open(Vertx vertx, ServiceContext service, PeersConfig peers) {
        return Peers.open(vertx, service, peers);
    }
}
