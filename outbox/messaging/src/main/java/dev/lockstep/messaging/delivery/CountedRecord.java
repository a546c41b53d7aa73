package dev.lockstep.messaging.delivery;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * A record about to be handled.
 *
 * @param starts how often a batch that begins with this record was started, including this time; more than one means that the process died
 *     while handling this record or one behind it
 */
public record CountedRecord(ConsumerRecord<byte[], byte[]> source, int starts) {}
