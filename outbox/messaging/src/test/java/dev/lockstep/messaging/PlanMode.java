package dev.lockstep.messaging;

import dev.lockstep.messaging.sql.ListQuery;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How Postgres plans a prepared statement: for all values, or, at its first executions, for the values given. */
enum PlanMode {
    GENERIC("force_generic_plan"),
    CUSTOM("force_custom_plan");

    private final String setting;

    PlanMode(String setting) {
        this.setting = setting;
    }

    /** Returns the plan of the statement. */
    String plan(Fixture fixture, ListQuery.Statement statement) {
        List<String> arguments = new ArrayList<>();
        for (int i = 0; i < statement.values().size(); i++) {
            arguments.add(literal(statement.values().getValue(i)));
        }
        return fixture.plan(setting, statement.sql(), String.join(", ", arguments));
    }

    private static String literal(@Nullable Object value) {
        return switch (value) {
            case Number number -> number.toString();
            case Buffer bytes -> "'\\x" + HexFormat.of().formatHex(bytes.getBytes()) + "'";
            case null -> "NULL";
            default -> "'" + value + "'";
        };
    }
}
