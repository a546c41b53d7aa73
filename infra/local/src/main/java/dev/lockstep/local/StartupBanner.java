package dev.lockstep.local;

import dev.lockstep.embedded.LocalPostgres;
import java.net.URI;
import java.util.Arrays;
import java.util.stream.Collectors;

/** The message that {@code ./up} prints after the start: addresses of all parts and commands to try. */
final class StartupBanner {
    private StartupBanner() {}

    static void show(Console console, LocalConfig config, LocalStack stack, String took) {
        URI order = stack.uri(Service.ORDER);
        console.line("");
        console.line("Lockstep is up after " + took + ".");
        console.part("orders", order + "/orders");
        console.part("products", stack.uri(Service.INVENTORY) + "/products");
        console.part("accounts", stack.uri(Service.PAYMENT) + "/accounts/u123");
        console.part("sagas", stack.uri(Service.SAGA) + "/sagas");
        console.part(
                "postgres",
                "postgresql://%s:%s@%s:%d, databases %s"
                        .formatted(
                                LocalPostgres.USER,
                                LocalPostgres.PASSWORD,
                                stack.postgres().host(),
                                stack.postgres().port(),
                                Arrays.stream(Service.values())
                                        .map(Service::database)
                                        .collect(Collectors.joining(", "))));
        console.part("kafka", stack.kafka().bootstrapServers());
        console.part("demo data", config.issuer().isEmpty() ? DemoData.DESCRIPTION : "none: it needs a token");
        console.part("sign-in", signIn(config));
        console.part("log", config.data().resolve("logs/lockstep.log").toString());
        Arrays.stream(Service.values())
                .filter(service -> !config.services().contains(service))
                .forEach(service -> showMissing(console, stack, service));
        if (config.services().contains(Service.ORDER)) {
            showExample(console, order);
        }
        console.line("");
        console.line("Ctrl-C stops everything.");
    }

    private static void showExample(Console console, URI order) {
        console.line("");
        console.line("Place an order and list it; it is confirmed within moments:");
        console.line("  curl -X POST " + order + "/orders -H \"Content-Type: application/json\" -d '"
                + "{\"userId\":\"u123\",\"items\":[{\"productId\":\"p1\",\"qty\":2}]}'");
        console.line("  curl \"" + order + "/orders?userId=u123&limit=1\"");
    }

    private static String signIn(LocalConfig config) {
        if (!config.issuer().isEmpty()) {
            return "access tokens of " + config.issuer();
        }
        // Without AUTH=none, services that other machines can reach would not have started.
        return config.isDeclaredOpen()
                ? "none (AUTH=none): everyone who can reach the services may call them"
                : "none: every program on this machine may call the services";
    }

    private static void showMissing(Console console, LocalStack stack, Service service) {
        console.line("");
        console.line("The " + service.id() + " service was not started. To run it separately, with JDK 25:");
        console.line("  "
                + stack.connection(service).entrySet().stream()
                        .map(setting -> setting.getKey() + "=" + setting.getValue())
                        .collect(Collectors.joining(" "))
                + " java -jar " + service.jar());
    }
}
