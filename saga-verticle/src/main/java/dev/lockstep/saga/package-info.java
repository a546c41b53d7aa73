/**
 * The saga service: coordinates every order until it is either confirmed or cancelled, and undoes completed steps of cancelled orders.
 *
 * <pre>
 * event or reply ──▶ consumer ────────╮
 * passed deadline ─▶ DeadlineSweeper ─┼▶ SagaProcessor ─▶ OrderSaga decides ─▶ saga, history and outbox rows ─▶ commit
 * operator action ─▶ SagaRoutes ──────╯
 * </pre>
 *
 * <p>{@code SagaVerticle} connects these classes. {@code SagaMessages} converts a message into an event, and a state into the JSON that is
 * stored. {@code SagaUnitOfWork} holds the decisions about one saga until {@code SagaProcessor} saves them. An event that no participant
 * sends in the saga's state fails with {@code UnprocessableMessageException} and becomes a dead letter.
 * {@code dev.lockstep.messaging.delivery} handles all other failures.
 */
@NullMarked
package dev.lockstep.saga;

import org.jspecify.annotations.NullMarked;
