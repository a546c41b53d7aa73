package dev.lockstep.runtime.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class AccessTest {
    @Test
    void a_scope_cannot_be_required_without_sign_in() {
        assertThatThrownBy(() -> new Access(false, Set.of(Scope.OPERATOR_READ)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void a_route_is_for_operators_if_all_its_scopes_are() {
        assertThat(Access.anyOf(Scope.OPERATOR_READ, Scope.OPERATOR_WRITE).isForOperators())
                .isTrue();
        assertThat(Access.anyOf(Scope.OPERATOR_READ, Scope.ORDERS_READ).isForOperators())
                .isFalse();
        assertThat(Access.signedIn().isForOperators()).isFalse();
        assertThat(Access.open().isForOperators()).isFalse();
    }
}
