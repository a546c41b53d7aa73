package dev.lockstep.payment.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.payment.domain.Payment.Charged;
import dev.lockstep.payment.domain.Payment.Decided;
import dev.lockstep.payment.domain.Payment.Refunded;
import dev.lockstep.payment.domain.PaymentCommand.Charge;
import dev.lockstep.payment.domain.PaymentCommand.Refund;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Invariants for random commands in random order. Each run is named after its seed, which repeats it. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class PaymentBatchPropertiesTest {
    private static final List<String> CURRENCIES = List.of("KRW", "USD");
    private static final OrderId ORDER = new OrderId("o1");
    private static final UserId USER = new UserId("u1");
    private static final Money PRICE = new Money(600, "KRW");

    static LongStream seeds() {
        return new Random().longs(200);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void the_ledger_sums_to_zero_and_balances_are_sums_of_entries(long seed) {
        PaymentSimulation bank = new PaymentSimulation(new Random(seed));

        bank.run(40);

        assertThat(bank.sumsByCurrency())
                .allSatisfy((currency, sum) -> assertThat(sum).isZero());
        assertThat(bank.accounts.values()).allSatisfy(account -> {
            assertThat(account.balance().amount()).isNotNegative().isEqualTo(bank.sumOf(account));
        });
        assertThat(bank.sumOf(LedgerAccount.REVENUE)).isEqualTo(bank.stillCharged());
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void the_batch_size_does_not_change_the_result(long seed) {
        PaymentSimulation inBatches = new PaymentSimulation(new Random(seed));
        PaymentSimulation oneByOne = new PaymentSimulation(new Random(seed));
        List<PaymentCommand> commands = inBatches.commands(200);

        inBatches.apply(commands);
        commands.forEach(command -> oneByOne.apply(List.of(command)));

        assertThat(inBatches.payments).isEqualTo(oneByOne.payments);
        assertThat(inBatches.accounts).isEqualTo(oneByOne.accounts);
        assertThat(inBatches.postings).isEqualTo(oneByOne.postings);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void repeated_commands_change_nothing_and_return_the_current_payment(long seed) {
        PaymentSimulation bank = new PaymentSimulation(new Random(seed));
        List<PaymentCommand> commands = bank.commands(100);
        bank.apply(commands);
        PaymentBatch again = bank.newBatch();

        List<Decided> answers = commands.stream().map(again::handle).toList();

        assertThat(again.postings()).isEmpty();
        assertThat(again.changedAccounts()).isEmpty();
        assertThat(again.newPayments()).isEmpty();
        assertThat(again.updatedPayments()).isEmpty();
        assertThat(answers)
                .allSatisfy(answer -> assertThat(answer)
                        .isEqualTo(bank.payments.get(answer.orderId().value())));
    }

    @ParameterizedTest
    @MethodSource("interleavings")
    void charge_and_refund_in_any_order_with_any_repeats_net_to_nothing(List<PaymentCommand> commands) {
        Account before = new Account(USER, new Money(1_000, "KRW"));
        PaymentBatch batch = new PaymentBatch(List.of(), List.of(before));

        List<Decided> answers = commands.stream().map(batch::handle).toList();

        List<Account> after = batch.changedAccounts();
        assertThat(after).isSubsetOf(before);
        assertThat(answers.getLast()).isInstanceOf(Refunded.class);
        assertThat(batch.postings().size()).isIn(0, 2);
        int firstRefund = commands.indexOf(new Refund(ORDER));
        assertThat(answers.subList(firstRefund, answers.size())).allMatch(Refunded.class::isInstance);
        assertThat(answers.subList(0, firstRefund)).allMatch(Charged.class::isInstance);
    }

    /** All sequences of two to five commands with at least one refund. */
    static Stream<List<PaymentCommand>> interleavings() {
        return IntStream.rangeClosed(2, 5)
                .boxed()
                .flatMap(length -> IntStream.range(0, 1 << length)
                        .mapToObj(bits -> IntStream.range(0, length)
                                .<PaymentCommand>mapToObj(
                                        i -> (bits >> i & 1) == 0 ? new Charge(ORDER, USER, PRICE) : new Refund(ORDER))
                                .toList()))
                .filter(commands -> commands.contains(new Refund(ORDER)));
    }

    /** In-memory payments, accounts and postings. Every batch is created over all of them. */
    private static final class PaymentSimulation {
        private final Random random;
        private final Map<String, Decided> payments = new HashMap<>();
        private final Map<String, Account> accounts = new HashMap<>();
        private final List<Posting> postings = new ArrayList<>();

        PaymentSimulation(Random random) {
            this.random = random;
            for (int i = 0; i < 5; i++) {
                UserId user = new UserId("u" + i);
                Account account = Account.opened(user, CURRENCIES.get(i % CURRENCIES.size()));
                accounts.put(user.value(), account);
                deposit(
                        user,
                        new Money(1 + random.nextInt(5_000), account.balance().currency()));
            }
        }

        void run(int batches) {
            for (int i = 0; i < batches; i++) {
                apply(commands(1 + random.nextInt(20)));
                UserId user = randomUser();
                deposit(user, new Money(1 + random.nextInt(1_000), randomCurrency()));
            }
        }

        List<PaymentCommand> commands(int count) {
            return Stream.generate(this::randomCommand).limit(count).toList();
        }

        PaymentBatch newBatch() {
            return new PaymentBatch(payments.values(), accounts.values());
        }

        void apply(List<PaymentCommand> commands) {
            PaymentBatch batch = newBatch();
            commands.forEach(batch::handle);
            Stream.of(batch.newPayments(), batch.updatedPayments())
                    .flatMap(List::stream)
                    .forEach(payment -> payments.put(payment.orderId().value(), payment));
            batch.changedAccounts()
                    .forEach(account -> accounts.put(account.userId().value(), account));
            postings.addAll(batch.postings());
        }

        private void deposit(UserId user, Money amount) {
            Account account = accounts.get(user.value());
            if (account != null
                    && DepositDecision.decide(account, amount) instanceof DepositDecision.Accepted accepted) {
                accounts.put(user.value(), accepted.account());
                postings.add(accepted.posting());
            }
        }

        private PaymentCommand randomCommand() {
            OrderId order = new OrderId("o" + random.nextInt(60));
            return random.nextInt(3) == 0
                    ? new Refund(order)
                    : new Charge(order, randomUser(), new Money(random.nextInt(2_000), randomCurrency()));
        }

        private UserId randomUser() {
            return new UserId("u" + random.nextInt(7));
        }

        private String randomCurrency() {
            return CURRENCIES.get(random.nextInt(CURRENCIES.size()));
        }

        Map<String, Long> sumsByCurrency() {
            return postings.stream()
                    .flatMap(posting -> posting.entries().stream())
                    .collect(Collectors.groupingBy(
                            entry -> entry.amount().currency(),
                            Collectors.summingLong(entry -> entry.amount().amount())));
        }

        long sumOf(Account account) {
            return sumOf(LedgerAccount.of(account.userId()));
        }

        long sumOf(LedgerAccount account) {
            return postings.stream()
                    .flatMap(posting -> posting.entries().stream())
                    .filter(entry -> entry.account().equals(account))
                    .mapToLong(entry -> entry.amount().amount())
                    .sum();
        }

        long stillCharged() {
            return payments.values().stream()
                    .mapToLong(payment -> payment instanceof Charged charged
                            ? charged.amount().amount()
                            : 0)
                    .sum();
        }
    }
}
