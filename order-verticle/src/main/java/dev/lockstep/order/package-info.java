/**
 * The order service: accepts orders over HTTP, publishes their events to the other services, and stores the outcome of each order.
 *
 * <pre>
 * POST /orders ──────────────▶ OrderRoutes ─▶ OrderGroupCommit ─▶ OrderWriter ─▶ orders and outbox rows ─▶ commit ─▶ 202
 * POST /orders/{id}/cancel ──▶ OrderRoutes ────╮
 * ConfirmOrder, CancelOrder ─▶ consumer ───────┴▶ OrderProcessor ─▶ OrderLifecycle decides ─▶ order and outbox rows ─▶ commit
 * </pre>
 *
 * <p>{@code OrderVerticle} connects these classes. A command that contradicts its order, or names an order that does not exist, fails with
 * {@code UnprocessableMessageException} and becomes a dead letter. {@code dev.lockstep.messaging.delivery} handles all other failures.
 */
@NullMarked
package dev.lockstep.order;

import org.jspecify.annotations.NullMarked;
