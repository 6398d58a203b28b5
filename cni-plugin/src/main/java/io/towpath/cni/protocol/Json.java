package io.towpath.cni.protocol;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Reads a JSON document into a tree. The tree is built by hand because Jackson's own mapper costs a process that reads one
 * small document more in start-up than the document does.
 */
final class Json {
    /** The largest document read, in bytes: room for a GC of some ten thousand attachments. */
    static final int MAX_BYTES = 4 << 20;

    /** The deepest nesting read. */
    static final int MAX_DEPTH = 500;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
            .recyclerPool(JsonRecyclerPools.nonRecyclingPool())
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxNameLength(MAX_BYTES)
                    .maxStringLength(MAX_BYTES)
                    .build())
            .build();

    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private Json() {}

    /**
     * Reads one document of UTF-8 text. Of equal keys the last one counts; {@link ConfigKeys} is applied to all of them.
     *
     * @throws CniException code 6 if the bytes are anything else than exactly one JSON value
     */
    static JsonNode read(byte[] bytes, int length) throws CniException {
        CharBuffer text = decode(bytes, length);
        try (JsonParser parser = FACTORY.createParser(text.array(), 0, text.length())) {
            JsonToken first = parser.nextToken();
            if (first == null) {
                throw undecodable("unexpected end of JSON input");
            }
            JsonNode tree = value(parser, first);
            if (parser.nextToken() != null) {
                throw undecodable("more input after the top-level value");
            }
            return tree;
        } catch (JsonProcessingException e) {
            throw undecodable(e.getOriginalMessage() + position(e));
        } catch (IOException e) {
            throw undecodable(String.valueOf(e.getMessage()));
        }
    }

    static CniException undecodable(String reason) {
        return new CniException(CniException.DECODING_FAILURE, "error unmarshall network config: " + reason);
    }

    /** Jackson's own decoder guesses at other encodings and lets overlong forms pass. */
    private static CharBuffer decode(byte[] bytes, int length) throws CniException {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, 0, length));
        } catch (CharacterCodingException e) {
            throw undecodable("the input is not UTF-8");
        }
    }

    private static JsonNode value(JsonParser parser, @Nullable JsonToken token) throws IOException {
        if (token == null) {
            throw new JsonParseException(parser, "unexpected end of JSON input");
        }
        return switch (token) {
            case START_OBJECT -> object(parser);
            case START_ARRAY -> array(parser);
            case VALUE_STRING -> NODES.textNode(parser.getText());
            case VALUE_NUMBER_INT ->
                switch (parser.getNumberType()) {
                    case INT -> NODES.numberNode(parser.getIntValue());
                    case LONG -> NODES.numberNode(parser.getLongValue());
                    default -> NODES.numberNode(parser.getBigIntegerValue());
                };
            case VALUE_NUMBER_FLOAT -> NODES.numberNode(parser.getDoubleValue());
            case VALUE_TRUE -> NODES.booleanNode(true);
            case VALUE_FALSE -> NODES.booleanNode(false);
            case VALUE_NULL -> NODES.nullNode();
            default -> throw new JsonParseException(parser, "unexpected " + token);
        };
    }

    private static ObjectNode object(JsonParser parser) throws IOException {
        ObjectNode object = NODES.objectNode();
        for (String key = parser.nextFieldName(); key != null; key = parser.nextFieldName()) {
            JsonNode value = value(parser, parser.nextToken());
            object.set(ConfigKeys.of(key), value);
        }
        return object;
    }

    private static ArrayNode array(JsonParser parser) throws IOException {
        ArrayNode array = NODES.arrayNode();
        for (JsonToken token = parser.nextToken(); token != JsonToken.END_ARRAY; token = parser.nextToken()) {
            array.add(value(parser, token));
        }
        return array;
    }

    private static String position(JsonProcessingException e) {
        JsonLocation location = e.getLocation();
        return location == null ? "" : " at line " + location.getLineNr() + ", column " + location.getColumnNr();
    }
}
