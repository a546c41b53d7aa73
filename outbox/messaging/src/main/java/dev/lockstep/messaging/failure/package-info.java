/**
 * Classifies failures as unavailable, transient, permanent or unknown, and defines the exceptions for messages that can never be handled
 * and for transactions that exceed their time limit.
 */
@NullMarked
package dev.lockstep.messaging.failure;

import org.jspecify.annotations.NullMarked;
