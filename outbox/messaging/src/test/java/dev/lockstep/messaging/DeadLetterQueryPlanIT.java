package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.deadletter.DeadLetterCountStore;
import dev.lockstep.messaging.deadletter.DeadLetterQueries;
import dev.lockstep.messaging.deadletter.DeadLetterQueries.Filter;
import dev.lockstep.messaging.deadletter.DeadLetterQueries.State;
import dev.lockstep.messaging.deadletter.ReplayDestination;
import dev.lockstep.messaging.deadletter.ReplayPreviewStore;
import dev.lockstep.messaging.listing.Listing;
import dev.lockstep.messaging.listing.ScanWindowStore;
import dev.lockstep.messaging.sql.ListQuery;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** How Postgres finds dead letters in a large table. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class DeadLetterQueryPlanIT {
    // In no order of any index, as in a table whose rows were updated.
    private static final String INSERT = """
            INSERT INTO dead_letter (id, consumer, topic, partition, "offset", record_key, key_text, record_value, record_headers,
                                     type, reason, error, attempts, first_at, message_id, error_class, fingerprint, origin,
                                     state, settled_at)
            SELECT id, 'group', 't' || n % 20, 0, n, convert_to('k' || n % 5000, 'UTF8'), 'k' || n % 5000,
                   convert_to('v' || n, 'UTF8'), '[]', 'T' || n % 20, 'R' || n % 20, 'no greeting for ' || n, 5, now(), uuidv7(),
                   'E' || n % 20, 'f' || n % 50, n, CASE WHEN n % 5 = 0 THEN 'open' ELSE 'replayed' END, now()
              FROM (SELECT n, uuidv7() AS id FROM generate_series(50000, 1, -1) n) numbered
             ORDER BY hashint8(n)
            """;

    private static final UUID OLDEST = new UUID(0, 0);

    @RegisterExtension
    static final Fixture fixture = new Fixture();

    @BeforeAll
    static void insertRows() {
        await(fixture.pool.query(INSERT).execute());
        await(fixture.pool.query("VACUUM ANALYZE dead_letter").execute());
    }

    @ParameterizedTest
    @MethodSource("statesAndModes")
    void every_combination_of_filters_reads_one_index_in_order(State state, PlanMode mode) {
        for (Filter filter : combinations()) {
            String index = index(state, filter);

            String page = mode.plan(
                    fixture, DeadLetterQueries.listQuery(state, filter).page(Listing.AFTER_ALL, OLDEST, 51));

            assertThat(page)
                    .as("%s, %s", state, filter)
                    .containsPattern("(using|on) " + index + "\\b")
                    .doesNotContain("BitmapAnd")
                    .doesNotContain("Seq Scan");
            if (!index.equals("dead_letter_key")) {
                assertThat(page).as("%s, %s", state, filter).doesNotContain("Sort");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("statesAndModes")
    void the_end_of_a_page_is_found_by_an_index_only_scan(State state, PlanMode mode) {
        for (Filter filter : combinations()) {
            ListQuery query = DeadLetterQueries.listQuery(state, filter);

            assertThat(mode.plan(fixture, query.windowEnd(Listing.AFTER_ALL, ScanWindowStore.MAX_EXAMINED_ROWS)))
                    .as("%s, %s", state, filter)
                    .contains("Index Only Scan Backward using " + index(state, filter) + " ")
                    .doesNotContain("Sort");
        }
    }

    @ParameterizedTest
    @EnumSource(ReplayDestination.class)
    void the_preview_of_a_replay_finds_open_dead_letters_by_index(ReplayDestination to) {
        for (Filter filter : combinations()) {
            assertThat(PlanMode.GENERIC.plan(
                            fixture, ReplayPreviewStore.statement(filter, to, null, false, Duration.ofDays(7))))
                    .as("%s", filter)
                    .containsPattern("(using|on) dead_letter_\\w+")
                    .doesNotContain("Seq Scan on dead_letter");
        }
    }

    @Test
    void combined_filters_without_an_index_examine_a_bounded_number_of_rows() {
        Filter both = new Filter("t7", null, "R8", null, null, null);

        ScanWindowStore.ScanResult<DeadLetterQueries.DeadLetterView> open = list(State.OPEN, both);
        ScanWindowStore.ScanResult<DeadLetterQueries.DeadLetterView> discarded =
                list(State.DISCARDED, new Filter(null, null, null, null, null, null));

        assertThat(open.rows()).isEmpty();
        assertThat(open.examinedTo()).isNull();
        assertThat(discarded.rows()).isEmpty();
        assertThat(discarded.examinedTo()).isNotNull();
        assertThat(list(State.ANY, both).rows()).isEmpty();
    }

    @Test
    void every_combination_of_filters_selects_the_dead_letters_that_match_all_of_them() {
        for (Filter filter : combinations()) {
            assertThat(list(State.ANY, filter).rows())
                    .as("%s", filter)
                    .isNotEmpty()
                    .allMatch(found -> matches(filter.topic(), found.topic())
                            && matches(filter.type(), found.type())
                            && matches(filter.reason(), found.reason())
                            && matches(filter.key(), found.key())
                            && matches(filter.errorClass(), found.errorClass())
                            && matches(filter.fingerprint(), found.fingerprint()));
        }
    }

    @Test
    void groups_are_found_by_a_loose_index_scan() {
        String plan = String.join(
                "\n",
                fixture.strings("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) "
                        + DeadLetterQueries.GROUPS
                                .replace("$1", "ARRAY['replayed']")
                                .replace("$2", "'ffffffff-ffff-ffff-ffff-ffffffffffff'")
                                .replace("$3", "10")
                                .replace("$4", "100")));

        assertThat(plan).contains("dead_letter_group").doesNotContain("Seq Scan on dead_letter");
    }

    @Test
    void open_dead_letters_are_counted_by_reason_with_a_loose_index_scan() {
        assertThat(fixture.genericPlan(DeadLetterCountStore.COUNT_BY_REASON, "100000"))
                .contains("dead_letter_open_reason")
                .doesNotContain("Seq Scan on dead_letter")
                .doesNotContain("Sort");
        assertThat(await(DeadLetterCountStore.countByReason(fixture.pool)))
                .hasSize(4)
                .contains(new DeadLetterCountStore.Count("t5", "R5", 2_500));
    }

    private static ScanWindowStore.ScanResult<DeadLetterQueries.DeadLetterView> list(State state, Filter filter) {
        return await(DeadLetterQueries.list(fixture.pool, state, filter, Listing.AFTER_ALL, 50));
    }

    private static boolean matches(@Nullable String wanted, @Nullable String found) {
        return wanted == null || wanted.equals(found);
    }

    static Stream<Arguments> statesAndModes() {
        return Arrays.stream(State.values())
                .flatMap(state -> Arrays.stream(PlanMode.values()).map(mode -> Arguments.of(state, mode)));
    }

    // All subsets of the six filters. Dead letter 7 matches each of them.
    private static List<Filter> combinations() {
        return IntStream.range(0, 64)
                .mapToObj(set -> new Filter(
                        (set & 1) == 0 ? null : "t7",
                        (set & 2) == 0 ? null : "T7",
                        (set & 4) == 0 ? null : "R7",
                        (set & 8) == 0 ? null : "k7",
                        (set & 16) == 0 ? null : "E7",
                        (set & 32) == 0 ? null : "f7"))
                .toList();
    }

    private static String index(State state, Filter filter) {
        return filter.key() != null
                ? "dead_letter_key"
                : state == State.OPEN
                        ? "dead_letter_open"
                        : filter.fingerprint() != null
                                ? "dead_letter_fingerprint"
                                : filter.errorClass() != null
                                        ? "dead_letter_error_class"
                                        : filter.type() != null
                                                ? "dead_letter_type"
                                                : filter.reason() != null
                                                        ? "dead_letter_reason"
                                                        : filter.topic() != null
                                                                ? "dead_letter_topic"
                                                                : "dead_letter_pkey";
    }
}
