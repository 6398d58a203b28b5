package io.towpath.agent.debug;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Takes out of texts what opens something: tokens, passwords, keys, and what is in a kubeconfig. */
final class Secrets {
    private static final String INSTEAD = "(left out)";

    /** What is called so, alone or with more words at it, is one. */
    private static final String NAMES = "(?:token|password|passwd|passphrase|secret|credential|authorization|cookie"
            + "|private[-_]?key|(?:client|ca|certificate)[-_\\w]*data|api[-_]?key)";

    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN [A-Z ]+-----.*?(-----END [A-Z ]+-----|\\z)", Pattern.DOTALL);
    private static final Pattern WEB_TOKEN = Pattern.compile("eyJ[A-Za-z0-9_-]{8,}(\\.[A-Za-z0-9_-]*){0,2}");
    private static final Pattern BEARER = Pattern.compile("(?i)\\b(bearer|basic)\\s+[^\\s\"',}]+");
    private static final Pattern USER_INFO = Pattern.compile("(://)[^/@\\s\"]+@");

    /** On a command line, or in a list of its words. */
    private static final Pattern OPTION = Pattern.compile(
            "(?i)(--[\\w-]{0,64}" + NAMES + "[\\w-]*(?:[ \\t]+|\\\\*[\"']\\s*,\\s*\\\\*[\"']))([^\\s\"',\\]\\\\]+)");

    private static final Pattern NAMED =
            Pattern.compile("(?i)[\\w.-]{0,64}" + NAMES + "[\\w.-]*(\\\\*[\"'])?[ \\t]*([:=])[ \\t]*");

    /** Where the next field of a line begins that has several with equals signs. */
    private static final Pattern NEXT_FIELD = Pattern.compile("[ \\t]+[\\w.-]+=");

    private final String text;

    private Secrets(String text) {
        this.text = text;
    }

    /** The text without them. */
    static String without(String text) {
        String left = BLOCK.matcher(text).replaceAll(INSTEAD);
        left = WEB_TOKEN.matcher(left).replaceAll(INSTEAD);
        left = BEARER.matcher(left).replaceAll("$1 " + INSTEAD);
        left = USER_INFO.matcher(left).replaceAll("$1" + INSTEAD + "@");
        left = OPTION.matcher(left).replaceAll("$1" + INSTEAD);
        return new Secrets(left).withoutNamed();
    }

    /** Without the values of what is called as secrets are: whole texts, lists, objects, or the rest of a line. */
    private String withoutNamed() {
        StringBuilder left = new StringBuilder();
        Matcher named = NAMED.matcher(text);
        int from = 0;
        while (named.find(from)) {
            int begin = named.end();
            int end = end(begin, named.group(1) != null, named.group(2).equals("="), named.start());
            left.append(text, from, begin);
            if (end > begin) {
                left.append('"').append(INSTEAD).append('"');
            }
            from = end;
        }
        return left.append(text, from, text.length()).toString();
    }

    /** Where a value ends that begins somewhere. */
    private int end(int begin, boolean isKeyQuoted, boolean isField, int key) {
        int quote = quote(begin);
        if (quote >= 0) {
            return afterString(begin, quote);
        }
        char first = begin < text.length() ? text.charAt(begin) : '\n';
        if (first == '[' || first == '{') {
            return afterBrackets(begin);
        }
        if (isKeyQuoted) {
            return first(begin, ",}]\n");
        }
        int line = text.lastIndexOf('\n', key) + 1;
        int end = isInString(line, key) ? first(begin, "\"\n") : first(begin, "\n");
        if (isField) {
            Matcher next = NEXT_FIELD.matcher(text).region(begin, end);
            return next.find() ? next.start() : end;
        }
        return end < text.length() && text.charAt(end) == '\n' ? afterIndented(end, indentation(line)) : end;
    }

    /** The place of the quote that a text begins with, maybe behind backslashes, as in a text within a text; negative if none is there. */
    private int quote(int begin) {
        int at = begin;
        while (at < text.length() && text.charAt(at) == '\\') {
            at++;
        }
        return at < text.length() && (text.charAt(at) == '"' || text.charAt(at) == '\'') ? at : -1;
    }

    /** Behind the quote with as many backslashes before it. */
    private int afterString(int begin, int quote) {
        int depth = quote - begin;
        for (int at = text.indexOf(text.charAt(quote), quote + 1);
                at >= 0;
                at = text.indexOf(text.charAt(quote), at + 1)) {
            int backslashes = 0;
            while (at - backslashes > quote + 1 && text.charAt(at - backslashes - 1) == '\\') {
                backslashes++;
            }
            if (depth == 0 ? backslashes % 2 == 0 : backslashes == depth) {
                return at + 1;
            }
        }
        return text.length();
    }

    /** Behind the bracket that ends what begins with one; what has no end is all secret. */
    private int afterBrackets(int begin) {
        int depth = 0;
        int at = begin;
        while (at < text.length()) {
            int quote = quote(at);
            if (quote >= 0) {
                at = afterString(at, quote);
                continue;
            }
            char each = text.charAt(at++);
            depth += each == '[' || each == '{' ? 1 : 0;
            depth -= each == ']' || each == '}' ? 1 : 0;
            if (depth == 0) {
                return at;
            }
        }
        return at;
    }

    private int first(int from, String ends) {
        int at = from;
        while (at < text.length() && ends.indexOf(text.charAt(at)) < 0) {
            at++;
        }
        return at;
    }

    /** Whether a place is within a text in quotes that begins in its line. */
    private boolean isInString(int line, int place) {
        boolean isIn = false;
        for (int at = line; at < place; at++) {
            if (text.charAt(at) == '\\') {
                at++;
            } else if (text.charAt(at) == '"') {
                isIn = !isIn;
            }
        }
        return isIn;
    }

    /** Behind the lines that belong to one, as they are further in, or items of a list as far in. */
    private int afterIndented(int end, int indentation) {
        int after = end;
        int at = end;
        while (at < text.length()) {
            int line = at + 1;
            int inner = indentation(line);
            at = first(line, "\n");
            boolean isBlank = at == line + inner;
            boolean isItem = inner == indentation && text.startsWith("- ", line + inner);
            if (!isBlank && inner <= indentation && !isItem) {
                break;
            }
            after = isBlank ? after : at;
        }
        return after;
    }

    private int indentation(int line) {
        int at = line;
        while (at < text.length() && text.charAt(at) == ' ') {
            at++;
        }
        return at - line;
    }
}
