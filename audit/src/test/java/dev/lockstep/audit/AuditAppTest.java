package dev.lockstep.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class AuditAppTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --quick                        | Unknown option: '--quick'
            --settle=soon                  | must be a duration such as 500ms, 30s, 2m or PT30S, but was "soon"
            --settle=-1s                   | must not be negative, but was "-1s"
            --only=coins                   | "coins" is not a check; the checks are settled,accepted,stock,money,relayed,order,gaps,once,letters
            --most=-1                      | --most must not be negative, but was -1
            --orders-db=mysql://db/orders  | --orders-db must be a database name or postgresql://host:port/name
            --postgres-sslmode=prefer      | --postgres-sslmode) must be one of disable, require, verify-ca, verify-full, but was "prefer"
            --postgres-sslmode=verify-full | POSTGRES_SSLROOTCERT (--postgres-sslrootcert) is required with POSTGRES_SSLMODE=verify-full
            --postgres-password-file=/no/f | cannot read the password in /no/f (POSTGRES_PASSWORD_FILE, --postgres-password-file): /no/f
            --kafka-properties=/no/file    | cannot read /no/file (--kafka-properties)
            """)
    void an_invalid_option_prints_one_error_line(String option, String sentence) {
        assertThat(run(option)).isEqualTo(2);
        assertThat(err.toString()).contains(sentence).hasLineCount(1);
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void help_lists_options_checks_and_exit_codes() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString())
                .contains("--accepted", "--settle", "--json", "a guarantee is violated", "settled,accepted,stock");
    }

    // ./up audit prints the file, and rejects options that it does not list, before anything is built.
    @Test
    void the_help_is_also_in_a_file() {
        run("--help");

        assertThat(Path.of("help.txt")).content().isEqualTo(out.toString());
    }

    private int run(String... options) {
        return AuditApp.run(new PrintWriter(out), new PrintWriter(err), options);
    }
}
