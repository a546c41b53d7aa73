/** The transactional outbox: what is appended in the sender's transaction, how it is listed, and the daily partitions of its table. */
@NullMarked
package dev.lockstep.messaging.outbox;

import org.jspecify.annotations.NullMarked;
