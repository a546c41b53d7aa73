package dev.lockstep.saga;

import dev.lockstep.saga.domain.SagaState;
import dev.lockstep.saga.domain.SagaState.Abandoned;
import dev.lockstep.saga.domain.SagaState.AwaitingOrder;
import dev.lockstep.saga.domain.SagaState.Cancelled;
import dev.lockstep.saga.domain.SagaState.CancellingOrder;
import dev.lockstep.saga.domain.SagaState.ChargingPayment;
import dev.lockstep.saga.domain.SagaState.Compensating;
import dev.lockstep.saga.domain.SagaState.Confirmed;
import dev.lockstep.saga.domain.SagaState.ConfirmingOrder;
import dev.lockstep.saga.domain.SagaState.NotStarted;
import dev.lockstep.saga.domain.SagaState.ReservingStock;
import dev.lockstep.saga.domain.SagaState.RetryingCompensation;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Names of the states, as stored and as returned over HTTP. They are independent of the class names: a class may be renamed, a stored name
 * may not.
 */
enum StateName {
    AWAITING_ORDER(AwaitingOrder.class, Kind.WAITING),
    RESERVING_STOCK(ReservingStock.class, Kind.FORWARD),
    CHARGING_PAYMENT(ChargingPayment.class, Kind.FORWARD),
    CONFIRMING_ORDER(ConfirmingOrder.class, Kind.FORWARD),
    CONFIRMED(Confirmed.class, Kind.ENDED),
    COMPENSATING(Compensating.class, Kind.WAITING),
    RETRYING_COMPENSATION(RetryingCompensation.class, Kind.WAITING),
    CANCELLING_ORDER(CancellingOrder.class, Kind.WAITING),
    CANCELLED(Cancelled.class, Kind.ENDED),
    ABANDONED(Abandoned.class, Kind.ENDED);

    private enum Kind {
        /** On the way to confirmation. */
        FORWARD,
        /** Active, but not on the way to confirmation. */
        WAITING,
        ENDED
    }

    static final List<StateName> ACTIVE =
            Arrays.stream(values()).filter(name -> !name.hasEnded()).toList();

    private final Class<? extends SagaState> type;
    private final Kind kind;

    StateName(Class<? extends SagaState> type, Kind kind) {
        this.type = type;
        this.kind = kind;
    }

    static StateName of(SagaState state) {
        return switch (state) {
            case AwaitingOrder _ -> AWAITING_ORDER;
            case ReservingStock _ -> RESERVING_STOCK;
            case ChargingPayment _ -> CHARGING_PAYMENT;
            case ConfirmingOrder _ -> CONFIRMING_ORDER;
            case Confirmed _ -> CONFIRMED;
            case Compensating _ -> COMPENSATING;
            case RetryingCompensation _ -> RETRYING_COMPENSATION;
            case CancellingOrder _ -> CANCELLING_ORDER;
            case Cancelled _ -> CANCELLED;
            case Abandoned _ -> ABANDONED;
            case NotStarted unseen ->
                throw new IllegalArgumentException(unseen + " is not a stored state and has no name");
        };
    }

    /** The state with this name, or empty if there is none. */
    static Optional<StateName> find(String name) {
        return Arrays.stream(values())
                .filter(state -> state.name().equals(name))
                .findFirst();
    }

    Class<? extends SagaState> type() {
        return type;
    }

    boolean isForward() {
        return kind == Kind.FORWARD;
    }

    boolean hasEnded() {
        return kind == Kind.ENDED;
    }
}
