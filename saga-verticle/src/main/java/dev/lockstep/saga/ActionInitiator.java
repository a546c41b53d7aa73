package dev.lockstep.saga;

import dev.lockstep.messaging.operator.Operator;
import org.jspecify.annotations.Nullable;

/**
 * The operator who initiated a step of a saga.
 *
 * @param reason the reason that the operator gave, or null if there is none
 */
record ActionInitiator(Operator operator, @Nullable String reason) {}
