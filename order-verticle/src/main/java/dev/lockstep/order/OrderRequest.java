package dev.lockstep.order;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.contracts.FieldConstraints;
import dev.lockstep.messaging.http.FieldError;
import dev.lockstep.order.domain.OrderLine;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The body of {@code POST /orders}. It is read member by member instead of bound to a class: binding stops at the first problem, and the
 * response must list all problems.
 */
record OrderRequest(String userId, List<OrderLine> lines) {
    private static final Set<String> MEMBERS = Set.of("userId", "items");
    private static final Set<String> ITEM_MEMBERS = Set.of("productId", "qty");

    OrderRequest {
        lines = List.copyOf(lines);
    }

    /**
     * Reads the body and adds every problem to {@code errors}. If there are errors, the returned request must not be used.
     */
    static OrderRequest read(JsonNode body, List<FieldError> errors) {
        if (!body.isObject()) {
            errors.add(new FieldError("body", "must be an object with userId and items"));
            return new OrderRequest("", List.of());
        }
        unknownMembers(body, MEMBERS, "", errors);
        String userId = id(body.get("userId"), "userId", errors);
        return new OrderRequest(userId, items(body.get("items"), errors));
    }

    private static List<OrderLine> items(@Nullable JsonNode items, List<FieldError> errors) {
        if (items == null || items.isNull()) {
            errors.add(new FieldError("items", "is required"));
            return List.of();
        }
        String problem = FieldConstraints.itemCountProblem(items.isArray() ? items.size() : 0);
        if (problem != null) {
            errors.add(new FieldError("items", problem));
            return List.of();
        }
        List<OrderLine> lines = new ArrayList<>(items.size());
        for (int i = 0; i < items.size(); i++) {
            lines.add(item(items.get(i), "items[" + i + "]", errors));
        }
        return lines;
    }

    private static OrderLine item(JsonNode item, String field, List<FieldError> errors) {
        if (!item.isObject()) {
            errors.add(new FieldError(field, "must be an object with productId and qty"));
            return new OrderLine("", 0);
        }
        unknownMembers(item, ITEM_MEMBERS, field + ".", errors);
        String productId = id(item.get("productId"), field + ".productId", errors);
        return new OrderLine(productId, qty(item.get("qty"), field + ".qty", errors));
    }

    private static int qty(@Nullable JsonNode qty, String field, List<FieldError> errors) {
        if (qty == null || qty.isNull()) {
            errors.add(new FieldError(field, "is required"));
            return 0;
        }
        String problem =
                FieldConstraints.qtyProblem(qty.isIntegralNumber() && qty.canConvertToInt() ? qty.intValue() : 0);
        if (problem != null) {
            errors.add(new FieldError(field, problem));
            return 0;
        }
        return qty.intValue();
    }

    private static String id(@Nullable JsonNode id, String field, List<FieldError> errors) {
        if (id == null || id.isNull()) {
            errors.add(new FieldError(field, "is required"));
            return "";
        }
        // A value that is not a string is reported with the same message as an empty string.
        String text = id.isTextual() ? id.textValue() : "";
        String problem = FieldConstraints.idProblem(text);
        if (problem != null) {
            errors.add(new FieldError(field, problem));
            return "";
        }
        return text;
    }

    private static void unknownMembers(JsonNode object, Set<String> known, String prefix, List<FieldError> errors) {
        for (Map.Entry<String, JsonNode> member : object.properties()) {
            if (!known.contains(member.getKey())) {
                errors.add(new FieldError(
                        prefix + member.getKey(),
                        "is unknown; known members: " + String.join(", ", new TreeSet<>(known))));
            }
        }
    }
}
