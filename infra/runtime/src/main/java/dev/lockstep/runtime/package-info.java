/**
 * The parts that every service is built on: settings, connection pools, the HTTP server, health checks, metrics and logs.
 *
 * <p>{@code ServiceResources} opens all of it for a verticle. The other classes belong to one of these parts:
 *
 * <ul>
 *   <li>settings: {@code Env} and the {@code ...Config} records that it reads, combined in {@code ServiceConfig};
 *   <li>Postgres: {@code PostgresConfig} opens the pools, {@code SessionPool} replaces connections that have failed, {@code HandshakeLimit} closes
 *       those that never open;
 *   <li>HTTP: {@code HttpApi} opens the server. Before a request reaches the router, {@code HttpConnectionHandler} limits connections and
 *       {@code StrictRequestDecoder} rejects malformed requests. {@code Peers} queries other services;
 *   <li>health and metrics: {@code HealthChecks}, {@code PostgresProbe}, {@code ServiceMetrics};
 *   <li>logs: {@code PrintableEncoder}, which logback.xml names.
 * </ul>
 *
 * <p>It is one package because most of its classes are package-private details of these few entry points.
 */
@NullMarked
package dev.lockstep.runtime;

import org.jspecify.annotations.NullMarked;
