package dev.lockstep.saga;

import dev.lockstep.messaging.operator.Operator;
import org.jspecify.annotations.Nullable;

/**
 * Whose doing a step of a saga is.
 *
 * @param reason why, in their own words, or null if they gave none
 */
record ActionInitiator(Operator operator, @Nullable String reason) {}
