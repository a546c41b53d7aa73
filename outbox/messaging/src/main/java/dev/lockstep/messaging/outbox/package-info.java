/** The transactional outbox: appending messages in the sender's transaction, listing them, and maintaining the table's daily partitions. */
@NullMarked
package dev.lockstep.messaging.outbox;

import org.jspecify.annotations.NullMarked;
