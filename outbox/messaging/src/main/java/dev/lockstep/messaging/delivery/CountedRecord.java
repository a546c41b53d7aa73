package dev.lockstep.messaging.delivery;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * A record about to be handled.
 *
 * @param starts how often a batch that begins with it was begun, this time included; more than one means that the process died
 *     at it, or at one behind it
 */
public record CountedRecord(ConsumerRecord<byte[], byte[]> source, int starts) {}
